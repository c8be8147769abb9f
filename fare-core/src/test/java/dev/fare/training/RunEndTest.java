package dev.fare.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.djl.ndarray.NDArray;
import dev.fare.Attack;
import dev.fare.AttackResult;
import dev.fare.Objective;
import dev.fare.image.UnreadableImageException;
import dev.fare.training.loss.LossInputs;
import dev.fare.training.loss.TrainingLoss;
import dev.fare.training.validation.Validation;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a run ends: asked to, interrupted, by an exception, with steps that had no images. */
class RunEndTest {

  @TempDir private Path directory;

  private final TanhEncoder encoder = TanhEncoder.seeded(1);

  @AfterEach
  void close() {
    encoder.close();
  }

  @Test
  void closingEndsATrainingInAnotherThreadAfterItsStep() throws InterruptedException {
    FareTrainer<?>[] trainer = new FareTrainer<?>[1];
    Thread closing = new Thread(() -> trainer[0].close());
    TrainingListener closesAfterTwo =
        new TrainingListener() {
          @Override
          public void onStep(StepResult result) {
            if (result.step() == 2) {
              closing.start();
            }
          }
        };
    trainer[0] = Runs.builder(encoder).steps(1_000_000).listener(closesAfterTwo).build();

    TrainingSummary summary = trainer[0].fit(Runs.IMAGES);
    closing.join();

    assertThat(summary.isComplete()).isFalse();
    assertThat(encoder.values()).doesNotContain(Float.NaN);
    assertThatThrownBy(() -> trainer[0].fit(Runs.IMAGES))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("this trainer is closed");
  }

  @Test
  void aRunThatIsCancelledBeforeItBeginsMakesNoStepAndTheNextOneTrains() {
    try (FareTrainer<?> trainer = Runs.builder(encoder).build()) {
      trainer.cancel();

      assertThat(trainer.fit(Runs.IMAGES).lastStep()).isEqualTo(0);
      assertThat(trainer.fit(Runs.IMAGES).isComplete()).isTrue();
    }
  }

  /** The reader's own thread carries the interruption into the step and the cache. */
  @Test
  void anInterruptionWhileABatchIsReadEndsACachedRunWithACheckpoint() {
    try (TanhEncoder warm = TanhEncoder.seeded(1);
        FareTrainer<?> trainer =
            Runs.builder(warm).referenceCache(directory.resolve("cache")).build()) {
      trainer.fit(new Interrupting(Integer.MAX_VALUE));
    }
    Path run = directory.resolve("run");
    try (FareTrainer<?> trainer =
        Runs.builder(encoder, run).referenceCache(directory.resolve("cache")).build()) {
      TrainingSummary summary = trainer.fit(new Interrupting(6)); // within the second batch

      assertThat(Thread.interrupted()).isTrue();
      assertThat(summary.lastStep()).isEqualTo(2);
      assertThat(run.resolve("step-000000002")).isDirectory();
    }
  }

  @Test
  void listenersAreClosedHoweverARunEnds() {
    List<String> heard = new ArrayList<>();
    TrainingListener failing =
        new TrainingListener() {
          @Override
          public void onClose() {
            heard.add("first closed");
            throw new IllegalStateException("can't be closed");
          }
        };
    TrainingListener quiet =
        new TrainingListener() {
          @Override
          public void onEnd(TrainingSummary summary) {
            heard.add("ended");
          }

          @Override
          public void onClose() {
            heard.add("second closed");
          }
        };
    FareTrainer<?> trainer =
        Runs.builder(encoder).lossLimit(1e-9).listener(failing).listener(quiet).build();

    Throwable thrown =
        catchThrowableOfType(TrainingDivergedException.class, () -> trainer.fit(Runs.IMAGES));
    assertThat(thrown.getSuppressed()).hasSize(1);
    assertThat(heard).containsExactly("first closed", "second closed");
    assertThatThrownBy(trainer::close).hasMessage("can't be closed");
    assertThat(heard).hasSize(4);
  }

  @Test
  void aStepWithoutAReadableImageIsToldMeasuredAndKept() {
    List<StepResult> steps = new ArrayList<>();
    List<Long> validations = new ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void onStep(StepResult result) {
            steps.add(result);
          }

          @Override
          public void onValidation(long step, Map<String, Double> values) {
            validations.add(step);
          }
        };
    Validation validation = (now, before) -> Map.of("score", 1.0);
    try (FareTrainer<?> trainer =
        FareTrainer.builder(encoder)
            .withoutAttack()
            .steps(3)
            .batchSize(2)
            .unreadableFraction(1)
            .checkpoints(directory)
            .checkpointEvery(1)
            .validation(validation, 1)
            .listener(listener)
            .build()) {
      TrainingSummary summary = trainer.fit(new Unreadable());

      assertThat(summary.skippedSteps()).isEqualTo(3);
      assertThat(steps).extracting(StepResult::step).containsExactly(1L, 2L, 3L);
      assertThat(steps).allMatch(step -> step.skipped() && step.images() == 0);
      assertThat(validations).containsExactly(1L, 2L, 3L);
      assertThat(Files.exists(directory.resolve("step-000000001"))).isTrue();
    }
  }

  @Test
  void aDivergedRunSaysWhatLedToIt() {
    TrainingLoss breaking =
        new TrainingLoss() {
          private int steps;

          @Override
          public NDArray losses(LossInputs inputs) {
            NDArray losses = inputs.adversarial().sum(new int[] {1});
            return ++steps < 7 ? losses : losses.mul(Float.NaN);
          }
        };
    try (FareTrainer<?> trainer =
        FareTrainer.builder(encoder).withoutAttack().loss(breaking).batchSize(3).build()) {
      TrainingDivergedException diverged =
          catchThrowableOfType(TrainingDivergedException.class, () -> trainer.fit(Runs.IMAGES));

      assertThat(diverged.step()).isEqualTo(7);
      assertThat(diverged.lossesBefore()).hasSize(5);
      assertThat(diverged.images()).hasSize(3);
      assertThat(diverged)
          .hasMessageStartingWith("step 7 went wrong: loss NaN")
          .hasMessageContaining("images [" + diverged.images()[0] + ", ")
          .hasMessageContaining(
              String.format(
                  java.util.Locale.ROOT,
                  "step 6 had loss %.4g and gradient %.4g",
                  diverged.lossesBefore()[4],
                  diverged.gradientNormsBefore()[4]));
    }
  }

  @Test
  void anAttackWhoseDrawsAreNotAnImagesOwnIsWarnedOfOnce() {
    Attack own =
        new Attack() {
          @Override
          public AttackResult perturb(Objective objective, NDArray pixels) {
            return new SignAttack(8 / 255.0, 1, 0).perturb(objective, pixels);
          }

          @Override
          public AttackResult perturb(Objective objective, NDArray pixels, NDArray start) {
            return perturb(objective, pixels);
          }

          @Override
          public String toString() {
            return "own";
          }
        };
    try (FareTrainer<?> trainer = Runs.builder(encoder).attack(own).build()) {
      assertThat(trainer.fit(Runs.IMAGES).warnings())
          .containsExactly(
              "the attack own is no SeededAttack: if it draws random numbers, they depend on how a"
                  + " batch is divided, and a run that goes on from a checkpoint draws others than"
                  + " it would have");
    }
    try (FareTrainer<?> trainer = Runs.builder(encoder).attack(own).microBatchSize(4).build()) {
      assertThat(trainer.fit(Runs.IMAGES).warnings()).isEmpty();
    }
  }

  /** The images of the runs, one of which interrupts the thread that reads it. */
  private static final class Interrupting implements RunImages {
    private int readsLeft;

    Interrupting(int readsLeft) {
      this.readsLeft = readsLeft;
    }

    @Override
    public void read(int index, int imageSize, FloatBuffer target) {
      Runs.IMAGES.read(index, imageSize, target);
      if (--readsLeft == 0) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Nothing here can be decoded. */
  private static final class Unreadable implements RunImages {

    @Override
    public void read(int index, int imageSize, FloatBuffer target) throws IOException {
      throw new UnreadableImageException(index + ".jpg", "broken", null);
    }

    @Override
    public String description() {
      return "no images";
    }
  }
}
