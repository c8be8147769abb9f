package dev.fare.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import dev.fare.training.validation.Validation;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is done beside the steps respects the micro-batch, and halves it as a step does. */
class LimitedMemoryTest {

  private static final Validation CLOSENESS =
      Validation.closeness(Runs.IMAGES, new SignAttack(8 / 255.0, 2, 0));

  @TempDir private Path directory;

  private final AtomicInteger room = new AtomicInteger(3);
  private final TanhEncoder encoder = TanhEncoder.seeded(1);
  private final Roomy limited = new Roomy(encoder, room);

  @AfterEach
  void close() {
    encoder.close();
  }

  @Test
  void aValidationTakesNoMoreImagesAtATimeThanAStep() {
    try (FareTrainer<?> trainer = Runs.builder(limited).validation(CLOSENESS, 4).build()) {
      TrainingSummary summary = trainer.fit(Runs.IMAGES);

      assertThat(summary.warnings()).isEmpty();
      assertThat(summary.validation().get("adversarial_cosine")).isBetween(0.3, 0.9999);
    }
  }

  @Test
  void aValidationThatRunsOutOfMemoryHalvesTheMicroBatchForAllThatFollows() {
    double expected;
    try (TanhEncoder plain = TanhEncoder.seeded(1);
        FareTrainer<?> trainer = Runs.builder(plain).validation(CLOSENESS, 4).build()) {
      expected = trainer.fit(Runs.IMAGES).validation().get("adversarial_cosine");
    }
    TrainingListener shrinking =
        new TrainingListener() {
          @Override
          public void onStep(StepResult result) {
            room.set(result.step() == 4 ? 1 : room.get());
          }
        };
    try (FareTrainer<?> trainer =
        Runs.builder(limited).validation(CLOSENESS, 4).listener(shrinking).build()) {
      TrainingSummary summary = trainer.fit(Runs.IMAGES);

      assertThat(summary.isComplete()).isTrue();
      assertThat(summary.warnings())
          .containsExactly(
              "out of memory with 3 images at a time: from the validation after step 4 on there"
                  + " are 2",
              "out of memory with 2 images at a time: from the validation after step 4 on there"
                  + " are 1");
      assertThat(summary.validation().get("adversarial_cosine")).isCloseTo(expected, within(1e-4));
    }
  }

  @Test
  void whatIsNoLackOfMemoryIsThrown() {
    Validation broken =
        (trained, original) -> {
          throw new EngineException("another error");
        };
    try (FareTrainer<?> trainer = Runs.builder(limited).validation(broken, 1).build()) {
      assertThatThrownBy(() -> trainer.fit(Runs.IMAGES)).hasMessage("another error");
    }
  }

  @Test
  void theReferenceCacheHalvesTheMicroBatchToo() {
    room.set(2);
    try (FareTrainer<?> trainer = Runs.builder(limited).referenceCache(directory).build()) {
      TrainingSummary summary = trainer.fit(Runs.IMAGES);

      assertThat(summary.warnings())
          .containsExactly(
              "out of memory with 3 images at a time: from image 0 of the reference cache on there"
                  + " are 2");
    }
    assertThat(encoder.values()).containsExactly(Runs.undisturbed()[0], within(1e-5f));
  }

  /** An encoder on a device that holds only so many images at a time, as do its copies. */
  private record Roomy(TanhEncoder encoder, AtomicInteger room) implements AroundTanh {

    @Override
    public NDArray embed(NDArray pixels) {
      if (pixels.getShape().get(0) > room.get()) {
        throw new EngineException("CUDA out of memory. Tried to allocate 2.00 GiB");
      }
      return encoder.embed(pixels);
    }

    @Override
    public Roomy copy() {
      return new Roomy(encoder.copy(), room);
    }
  }
}
