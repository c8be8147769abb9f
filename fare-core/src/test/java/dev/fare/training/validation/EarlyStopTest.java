package dev.fare.training.validation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fare.training.FareTrainer;
import dev.fare.training.Runs;
import dev.fare.training.SignAttack;
import dev.fare.training.TanhEncoder;
import dev.fare.training.TrainableEncoder;
import dev.fare.training.TrainingListener;
import dev.fare.training.TrainingSummary;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which weights are left where a run stops early, and what a validation sees of an average. */
class EarlyStopTest {

  @TempDir private Path directory;

  private final TanhEncoder encoder = TanhEncoder.seeded(1);

  @AfterEach
  void close() {
    encoder.close();
  }

  /** Notes the weights of each validation. */
  private static final class Notes implements TrainingListener {
    private final Map<Long, float[]> weights = new HashMap<>();
    private final TanhEncoder watched;

    Notes(TanhEncoder watched) {
      this.watched = watched;
    }

    @Override
    public void onValidation(long step, Map<String, Double> values) {
      weights.put(step, watched.values());
    }
  }

  private static FareTrainer.Builder<?> plain(TanhEncoder trained) {
    return FareTrainer.builder(trained)
        .attack(new SignAttack(8 / 255.0, 2, 0))
        .learningRate(1e-2)
        .steps(100)
        .batchSize(4);
  }

  private static FareTrainer.Builder<?> stopping(FareTrainer.Builder<?> builder, int next) {
    return builder
        .steps(100)
        .validation(new Scripted(next), 2)
        .earlyStop(EarlyStop.whenNotRising("score", 3).restoreBest(true));
  }

  @Test
  void theBestWeightsTakeThePlaceOfTheLastOnesIfAskedFor() {
    Notes notes = new Notes(encoder);
    try (FareTrainer<?> trainer = stopping(plain(encoder), 0).listener(notes).build()) {
      TrainingSummary summary = trainer.fit(Runs.IMAGES);

      assertThat(summary.lastStep()).isEqualTo(10);
      assertThat(trainer.isFinished()).isTrue();
      assertThat(summary.validation()).containsExactly(Map.entry("score", 0.5));
      assertThat(summary.warnings())
          .containsExactly(
              "the weights are those of step 4, the best validation's, not the last ones");
      assertThat(encoder.values()).containsExactly(notes.weights.get(4L));
    }
  }

  @Test
  void otherwiseTheyAreTheLastOnes() {
    Notes notes = new Notes(encoder);
    try (FareTrainer<?> trainer =
        stopping(plain(encoder), 0)
            .earlyStop(EarlyStop.whenNotRising("score", 3))
            .listener(notes)
            .build()) {
      TrainingSummary summary = trainer.fit(Runs.IMAGES);

      assertThat(summary.validation()).containsExactly(Map.entry("score", 0.3));
      assertThat(encoder.values()).containsExactly(notes.weights.get(10L));
    }
  }

  @Test
  void aRunThatMakesAllItsStepsHasTheBestWeightsToo() {
    Notes notes = new Notes(encoder);
    try (FareTrainer<?> trainer = stopping(plain(encoder), 0).steps(8).listener(notes).build()) {
      trainer.fit(Runs.IMAGES);
    }
    assertThat(encoder.values()).containsExactly(notes.weights.get(4L));
  }

  /** Killed behind the best validation, gone on with, ended, and started once more. */
  @Test
  void theBestWeightsSurviveAKilledRunBitForBit() {
    float[][] expected;
    try (TanhEncoder undisturbed = TanhEncoder.seeded(1);
        FareTrainer<?> trainer = stopping(Runs.builder(undisturbed), 0).build()) {
      trainer.fit(Runs.IMAGES);
      expected = Runs.results(undisturbed, trainer);
    }
    Path run = directory.resolve("run");
    try (TanhEncoder first = TanhEncoder.seeded(1)) {
      FareTrainer<?>[] trainer = new FareTrainer<?>[1];
      trainer[0] =
          stopping(Runs.builder(first, run), 0).listener(new Runs.CancelAfter(6, trainer)).build();
      TrainingSummary cancelled = trainer[0].fit(Runs.IMAGES);
      assertThat(trainer[0].isFinished()).isFalse();
      assertThat(cancelled.validation()).containsExactly(Map.entry("score", 0.4));
      trainer[0].close();
    }
    for (int start = 0; start < 2; start++) {
      try (TanhEncoder again = TanhEncoder.seeded(1);
          FareTrainer<?> trainer = stopping(Runs.builder(again, run), 3).build()) {
        assertThat(trainer.isFinished()).isEqualTo(start == 1);
        TrainingSummary summary = trainer.fit(Runs.IMAGES);

        assertThat(summary.lastStep()).isEqualTo(10);
        assertThat(summary.validation()).containsExactly(Map.entry("score", 0.5));
        assertThat(Runs.results(again, trainer)).isDeepEqualTo(expected);
      }
    }
  }

  /** What was best before nobody kept: only what comes now can be given back. */
  @Test
  void theBestWeightsCanBeAskedForWhenARunGoesOn() {
    Path run = directory.resolve("run");
    try (TanhEncoder first = TanhEncoder.seeded(1)) {
      FareTrainer<?>[] trainer = new FareTrainer<?>[1];
      trainer[0] =
          stopping(Runs.builder(first, run).averageDecay(0.5), 0)
              .earlyStop(EarlyStop.whenNotRising("score", 3))
              .listener(new Runs.CancelAfter(6, trainer))
              .build();
      trainer[0].fit(Runs.IMAGES);
      trainer[0].close();
    }
    Map<Long, float[]> averages = new HashMap<>();
    FareTrainer<?>[] trainer = new FareTrainer<?>[1];
    trainer[0] =
        stopping(Runs.builder(encoder, run).averageDecay(0.5), 3)
            .earlyStop(EarlyStop.whenNotRising("score", 2).restoreBest(true))
            .listener(
                new TrainingListener() {
                  @Override
                  public void onValidation(long step, Map<String, Double> values) {
                    averages.put(step, Runs.results(encoder, trainer[0])[1]);
                  }
                })
            .build();
    try (FareTrainer<?> resumed = trainer[0]) {
      TrainingSummary summary = resumed.fit(Runs.IMAGES);

      assertThat(summary.lastStep()).isEqualTo(12);
      assertThat(summary.warnings())
          .anyMatch(each -> each.startsWith("earlyStop was EarlyStop["))
          .contains("the weights are those of step 8, the best validation's, not the last ones");
      assertThat(Runs.results(encoder, resumed)[1]).containsExactly(averages.get(8L));
    }
  }

  /** What would be saved is measured; what is trained on is not touched. */
  @Test
  void anAverageIsMeasuredAndGivenBackInThePlaceOfTheWeights() {
    Map<Long, float[]> averages = new HashMap<>();
    Map<Long, float[]> measured = new HashMap<>();
    FareTrainer<?>[] trainer = new FareTrainer<?>[1];
    Validation watching =
        (trained, original) -> {
          measured.put(trainer[0].step(), ((TanhEncoder) trained).values());
          return Map.of("score", trainer[0].step() == 4 ? 1.0 : 0.0);
        };
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void onValidation(long step, Map<String, Double> values) {
            try (TrainableEncoder average = trainer[0].averagedEncoder()) {
              averages.put(step, ((TanhEncoder) average).values());
            }
          }
        };
    trainer[0] =
        Runs.builder(encoder)
            .validation(watching, 2)
            .earlyStop(EarlyStop.whenNotRising("score", 9).restoreBest(true))
            .listener(listener)
            .build();
    try (FareTrainer<?> trained = trainer[0]) {
      trained.fit(Runs.IMAGES);

      assertThat(measured).hasSize(4);
      measured.forEach((step, values) -> assertThat(values).containsExactly(averages.get(step)));
      float[][] results = Runs.results(encoder, trained);
      assertThat(results[0]).containsExactly(Runs.undisturbed()[0]);
      assertThat(results[1]).containsExactly(averages.get(4L));
    }
  }
}
