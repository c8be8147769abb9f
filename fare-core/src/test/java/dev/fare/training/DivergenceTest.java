package dev.fare.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import dev.fare.training.optimizer.LearningRateSchedule;
import dev.fare.training.optimizer.Optimizer;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A batch of the runs is made in two parts: the loss's call 2 n belongs to the end of step n. */
class DivergenceTest {

  @TempDir private Path temporary;

  private final TanhEncoder encoder = TanhEncoder.seeded(1);

  @AfterEach
  void close() {
    encoder.close();
  }

  @Test
  void stoppingLeavesACheckpointOfTheLastGoodStepAndSaysWhatLedToIt() {
    Path directory = temporary.resolve("run");
    List<StepResult> made = new ArrayList<>();
    TrainingDivergedException stop;
    float[] weights;
    try (FareTrainer<?> trainer =
        Runs.builder(encoder, directory)
            .checkpointEvery(200)
            .loss(Poisoned.at(12))
            .listener(hearing(made))
            .build()) {
      stop = catchThrowableOfType(TrainingDivergedException.class, () -> trainer.fit(Runs.IMAGES));
      weights = encoder.values();
    }

    assertThat(stop.step()).isEqualTo(6);
    assertThat(stop.lossesBefore())
        .containsExactly(made.stream().mapToDouble(StepResult::loss).toArray());
    assertThat(stop.gradientNormsBefore())
        .containsExactly(made.stream().mapToDouble(StepResult::gradientNorm).toArray());
    assertThat(stop.images()).hasSize(4).doesNotHaveDuplicates();
    assertThat(stop)
        .hasMessageStartingWith("step 6 went wrong: loss NaN")
        .hasMessageContaining(
            ", images " + Arrays.toString(stop.images()) + "; before it step 1 had")
        .hasMessageContaining(
            String.format(
                Locale.ROOT,
                "step 5 had loss %.4g and gradient %.4g. The weights",
                made.get(4).loss(),
                made.get(4).gradientNorm()));
    assertThat(stop.getSuppressed()).isEmpty();

    try (TanhEncoder again = TanhEncoder.seeded(1);
        FareTrainer<?> trainer =
            Runs.builder(again, directory)
                .checkpointEvery(200)
                .loss(Poisoned.at(-1))
                .learningRate(1e-3)
                .gradientClip(1)
                .allowChangedSettings(true)
                .build()) {
      assertThat(trainer.step()).isEqualTo(5);
      assertThat(again.values()).containsExactly(weights);
      TrainingSummary summary = trainer.fit(Runs.IMAGES);
      assertThat(summary.isComplete()).isTrue();
      assertThat(summary.warnings())
          .containsExactly(
              "learningRate was 0.01 up to step 5 and is 0.001 since",
              "gradientClip was Infinity up to step 5 and is 1.0 since");
    }
  }

  private static TrainingListener hearing(List<StepResult> results) {
    return new TrainingListener() {
      @Override
      public void onStep(StepResult result) {
        results.add(result);
      }
    };
  }

  @Test
  void aFullDiskDoesNotHideTheDivergence() throws Exception {
    Path directory = temporary.resolve("run");
    try (FareTrainer<?> trainer =
        Runs.builder(encoder, directory).checkpointEvery(200).loss(Poisoned.at(4)).build()) {
      Files.move(directory, temporary.resolve("aside"));

      assertThatThrownBy(() -> trainer.fit(Runs.IMAGES))
          .isInstanceOf(TrainingDivergedException.class)
          .satisfies(
              e ->
                  assertThat(e.getSuppressed())
                      .singleElement()
                      .isInstanceOf(UncheckedIOException.class));
    }
  }

  /** The second part of step 3 is no number, when the first part's gradient has been gathered. */
  @Test
  void aStepThatIsLeftOutMovesNeitherWeightsNorAverageNorMoments() {
    List<float[]> weights = new ArrayList<>();
    List<StepResult> made = new ArrayList<>();
    TrainingListener watching =
        new TrainingListener() {
          @Override
          public void onStep(StepResult result) {
            weights.add(encoder.values());
          }
        };
    float[] expected = encoder.values();
    try (FareTrainer<?> trainer =
        Runs.builder(encoder)
            .loss(Poisoned.at(6))
            .divergencePolicy(DivergencePolicy.SKIP)
            .listener(watching)
            .listener(hearing(made))
            .build()) {
      TrainingSummary summary = trainer.fit(Runs.IMAGES);

      assertThat(summary.skippedSteps()).isEqualTo(1);
      assertThat(summary.isComplete()).isTrue();
      assertThat(made)
          .extracting(StepResult::skipped)
          .containsExactly(false, false, true, false, false, false, false, false);
      assertThat(weights.get(2)).containsExactly(weights.get(1));
      assertThat(weights.get(3)).isNotEqualTo(weights.get(2));
      for (int step = 0; step < Runs.STEPS; step++) {
        for (int i = 0; step != 2 && i < expected.length; i++) {
          expected[i] = 0.9f * expected[i] + 0.1f * weights.get(step)[i];
        }
      }
      assertThat(Runs.results(encoder, trainer)[1]).containsExactly(expected, within(1e-6f));
    }
  }

  @Test
  void momentsOfASkippedStepAreThoseOfTheStepBefore() throws Exception {
    Path directory = temporary.resolve("run");
    FareTrainer<?>[] trainer = new FareTrainer<?>[1];
    trainer[0] =
        Runs.builder(encoder, directory)
            .checkpointEvery(1)
            .loss(Poisoned.at(6))
            .divergencePolicy(DivergencePolicy.SKIP)
            .listener(new Runs.CancelAfter(3, trainer))
            .build();
    trainer[0].fit(Runs.IMAGES);
    trainer[0].close();

    for (String group : List.of("weights", "optimizer", "average")) {
      assertThat(directory.resolve("step-000000003/" + group + ".safetensors"))
          .hasSameBinaryContentAs(directory.resolve("step-000000002/" + group + ".safetensors"));
    }
  }

  /** All that was gathered is shortened at once, not each part: the sum decides. */
  @Test
  void clipsTheGradientOfTheWholeBatchWhateverItsParts() {
    float[] before = encoder.values();
    List<StepResult> made = new ArrayList<>();
    List<float[]> after = new ArrayList<>();
    for (int partSize : new int[] {4, 1}) {
      try (TanhEncoder trained = TanhEncoder.seeded(1);
          FareTrainer<?> trainer =
              Runs.builder(trained)
                  .optimizer(new Optimizer.Sgd(0))
                  .schedule(LearningRateSchedule.constant())
                  .weightDecay(0)
                  .microBatchSize(partSize)
                  .gradientClip(0.01)
                  .steps(1)
                  .listener(hearing(made))
                  .build()) {
        trainer.fit(Runs.IMAGES);
        after.add(trained.values());
      }
    }
    double moved = 0;
    for (int i = 0; i < before.length; i++) {
      moved += Math.pow(after.get(1)[i] - before[i], 2);
    }
    assertThat(made.get(0).gradientNorm()).isGreaterThan(0.01);
    assertThat(made.get(1).gradientNorm()).isCloseTo(made.get(0).gradientNorm(), within(1e-5));
    assertThat(Math.sqrt(moved)).isCloseTo(1e-2 * 0.01, within(1e-6));
    assertThat(after.get(1)).containsExactly(after.get(0), within(1e-6f));
  }

  @Test
  void namesTheFirstImagesOfALargeBatchAndCountsTheOthers() {
    int[] images = IntStream.range(10, 30).toArray();
    TrainingDivergedException stop =
        new TrainingDivergedException(1, "loss NaN", List.of(), images);

    assertThat(stop)
        .hasMessageContaining(
            "images [10, 11, 12, 13, 14, 15, 16, 17 and 12 more]; before it there")
        .hasMessageContaining("there was none");
    assertThat(stop.images()).containsExactly(images);
  }
}
