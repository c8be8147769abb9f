package dev.fare.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.image.UnreadableImageException;
import dev.fare.training.loss.EmbeddingLoss;
import dev.fare.training.loss.TrainingLoss;
import dev.fare.training.optimizer.LearningRateSchedule;
import dev.fare.training.optimizer.Optimizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FareTrainerOptionsTest {

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final TanhEncoder encoder = TanhEncoder.seeded(1);

  @AfterEach
  void close() {
    encoder.close();
    manager.close();
  }

  @Test
  void leavesFrozenWeightsBitForBitAsTheyWere() {
    float[] frozen = encoder.weight("first.weight").toFloatArray();
    float[] trained = encoder.weight("second.weight").toFloatArray();
    try (FareTrainer<?> trainer = builder().freeze(name -> name.startsWith("first.")).build()) {
      trainer.step(pixels());

      assertThat(trainer.settings().trainedWeights()).isEqualTo(2);
      assertThat(trainer.settings().frozenWeights()).isEqualTo(2);
    }
    assertThat(encoder.weight("first.weight").toFloatArray()).containsExactly(frozen);
    assertThat(encoder.weight("second.weight").toFloatArray()).isNotEqualTo(trained);
    assertThatThrownBy(() -> builder().freeze(name -> true).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("all 4 weights are frozen: there is nothing to train");
  }

  @Test
  void trainsTokensOfAnEncoderThatGivesThem() {
    TrainingLoss loss = TrainingLoss.fare().withTokens(EmbeddingLoss.squaredDistance(), 1);
    try (FareTrainer<?> trainer = builder().loss(loss).steps(100).build()) {
      StepResult first = trainer.step(pixels());
      StepResult last = first;
      for (int i = 0; i < 60; i++) {
        last = trainer.step(pixels());
      }
      assertThat(last.loss()).isLessThan(0.8 * first.loss());
    }
    assertThatThrownBy(() -> builder(new SmallMemory(encoder, 2, "")).loss(loss).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "the loss reads patch tokens, which SmallMemory does not give; it must be a"
                + " TokenEncoder");
  }

  @Test
  void saysThatAnEncoderCantComputeActivationsAgain() {
    assertThatThrownBy(() -> builder().activationCheckpointing(true).build())
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessage(
            "TanhEncoder computes nothing again in its backward pass; a smaller microBatchSize"
                + " saves memory, too");
  }

  @Test
  void averagesTheWeightsExponentially() {
    try (FareTrainer<TanhEncoder> trainer = builder().averageDecay(0.8).build()) {
      float[] expected = encoder.values();
      for (int step = 0; step < 4; step++) {
        trainer.step(pixels());
        float[] weights = encoder.values();
        for (int i = 0; i < expected.length; i++) {
          expected[i] = 0.8f * expected[i] + 0.2f * weights[i];
        }
      }
      try (TanhEncoder averaged = trainer.averagedEncoder()) {
        assertThat(averaged.values()).containsExactly(expected, within(1e-6f));
      }
    }
  }

  @Test
  void refusesToAverageAnEncoderWhoseCopyIsAnotherThing() {
    record Shell(TanhEncoder encoder) implements AroundTanh {
      @Override
      public NDArray embed(NDArray pixels) {
        return encoder.embed(pixels);
      }

      @Override
      public TrainableEncoder copy() {
        return encoder.copy();
      }
    }
    builder(new Shell(encoder)).build().close();

    assertThatThrownBy(() -> builder(new Shell(encoder)).averageDecay(0.8).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("copy() must give another Shell, got TanhEncoder");
  }

  /** What the design page has hosts write. */
  @Test
  @SuppressWarnings("rawtypes")
  void canBeHeldWithoutItsEncodersType() {
    FareTrainer trainer = FareTrainer.builder(encoder).withoutAttack().steps(1).build();
    TrainingSummary summary = trainer.fit(Runs.IMAGES);
    trainer.close();

    assertThat(summary.isComplete()).isTrue();
  }

  @Test
  void clipsTheGradientBeforeTheUpdate() {
    float[] before = encoder.values();
    try (FareTrainer<?> trainer =
        builder()
            .optimizer(new Optimizer.Sgd(0))
            .schedule(LearningRateSchedule.constant())
            .weightDecay(0)
            .gradientClip(1e-3)
            .build()) {
      StepResult result = trainer.step(pixels());
      assertThat(result.gradientNorm()).isGreaterThan(1e-3);
    }
    double moved = 0;
    float[] after = encoder.values();
    for (int i = 0; i < after.length; i++) {
      moved += Math.pow(after[i] - before[i], 2);
    }
    assertThat(Math.sqrt(moved)).isCloseTo(0.01 * 1e-3, within(1e-6));
  }

  @Test
  void trainsOnCleanImagesWithoutAnAttack() {
    try (FareTrainer<?> trainer =
        FareTrainer.builder(encoder).withoutAttack().learningRate(1e-2).build()) {
      StepResult result = trainer.step(pixels());

      // the encoder is its own original still
      assertThat(result.loss()).isCloseTo(0, within(1e-9));
      assertThat(trainer.settings().attack()).isEqualTo("none");
    }
  }

  @Test
  void stopsBeforeTheWeightsAreTouchedWhenTheNumbersGoWrong() {
    float[] before = encoder.values();
    try (FareTrainer<?> trainer = builder().lossLimit(1e-9).build()) {
      assertThatThrownBy(() -> trainer.step(pixels()))
          .isInstanceOf(TrainingDivergedException.class)
          .hasMessageStartingWith("step 1 went wrong: loss ")
          .hasMessageContaining("The weights are those before this step");
      assertThat(trainer.step()).isEqualTo(0);
    }
    assertThat(encoder.values()).containsExactly(before);
  }

  @Test
  void leavesOutDivergedStepsByPolicyButNotForEver() {
    float[] before = encoder.values();
    TrainingLoss broken = inputs -> inputs.adversarial().sum(new int[] {1}).mul(Float.NaN);
    try (FareTrainer<?> trainer =
        builder().loss(broken).divergencePolicy(DivergencePolicy.SKIP).steps(50).build()) {
      StepResult first = trainer.step(pixels());
      assertThat(first.skipped()).isTrue();
      assertThat(first.loss()).isNaN();
      assertThatThrownBy(() -> trainer.fit(Runs.IMAGES))
          .isInstanceOf(TrainingDivergedException.class)
          .hasMessageStartingWith("step 10 went wrong");
    }
    assertThat(encoder.values()).containsExactly(before);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "[enforce fail at alloc_cpu.cpp:119] err == 0. DefaultCPUAllocator: can't allocate memory:"
            + " you tried to allocate 2147483648 bytes. Error code 12 (Cannot allocate memory)",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"
      })
  void halvesThePartsWhenMemoryRunsOutAndMakesTheSameUpdate(String error) {
    TanhEncoder plain = TanhEncoder.seeded(1);
    try (FareTrainer<?> enough = builder(plain).build();
        FareTrainer<?> little =
            builder(new SmallMemory(encoder, 2, error)).steps(2).batchSize(8).build()) {
      StepResult expected = enough.step(pixels());
      StepResult actual = little.step(pixels());

      assertThat(actual.loss()).isCloseTo(expected.loss(), within(1e-5));
      float[] weights = plain.values();
      float[] same = encoder.values();
      for (int i = 0; i < weights.length; i++) {
        assertThat(same[i]).isCloseTo(weights[i], within(1e-5f));
      }
      TrainingSummary summary = little.fit(Runs.IMAGES);
      assertThat(summary.warnings())
          .containsExactly(
              "out of memory with 8 images at a time: from step 1 on there are 4",
              "out of memory with 4 images at a time: from step 1 on there are 2");
    }
    plain.close();
  }

  @Test
  void sharesABatchOutBetweenDevicesAndMakesTheSameUpdate() {
    TanhEncoder alone = TanhEncoder.seeded(1);
    TanhEncoder second = TanhEncoder.seeded(7);
    TanhEncoder third = TanhEncoder.seeded(8);
    float[] first = new float[0];
    for (int repetition = 0; repetition < 2; repetition++) {
      TanhEncoder leader = TanhEncoder.seeded(1);
      try (FareTrainer<?> trainer =
          Runs.builder(leader).metricsEvery(1).replicas(List.of(second, third)).build()) {
        trainer.fit(Runs.IMAGES);
        assertThat(trainer.settings().devices()).isEqualTo(3);
      }
      first = repetition == 0 ? leader.values() : first;
      assertThat(leader.values()).containsExactly(first);
      assertThat(third.values()).containsExactly(first);
      leader.close();
    }
    try (FareTrainer<?> trainer = Runs.builder(alone).build()) {
      trainer.fit(Runs.IMAGES);
    }
    assertThat(first).containsExactly(alone.values(), within(2e-4f));
    List.of(alone, second, third).forEach(TanhEncoder::close);
  }

  @Test
  void readsAheadOnWorkerThreadsWithTheSameResult() {
    TanhEncoder other = TanhEncoder.seeded(1);
    try (FareTrainer<?> alone = Runs.builder(encoder).build();
        FareTrainer<?> ahead = Runs.builder(other).loaderThreads(3).build()) {
      alone.fit(Runs.IMAGES);
      ahead.fit(Runs.IMAGES);
    }
    assertThat(other.values()).containsExactly(encoder.values());
    other.close();
  }

  @Test
  void leavesOutUnreadableImagesCountsThemAndStopsAtTooMany() {
    try (FareTrainer<?> trainer = builder().steps(4).batchSize(8).unreadableFraction(0.2).build()) {
      TrainingSummary summary = trainer.fit(new Corrupt(2));

      assertThat(summary.unreadableImages()).isEqualTo(2);
      assertThat(summary.images()).isLessThan(4 * 8);
      assertThat(summary.warnings())
          .containsExactly("2 images could not be read and were left out");
    }
    for (int threads = 0; threads < 2; threads++) {
      try (FareTrainer<?> trainer =
          builder().steps(9).batchSize(8).unreadableFraction(0.2).loaderThreads(threads).build()) {
        assertThatThrownBy(() -> trainer.fit(new Corrupt(3)))
            .isInstanceOf(UncheckedIOException.class)
            .hasMessageContaining("3 of 10 images can't be read")
            .hasMessageContaining("broken");
      }
    }
  }

  @Test
  void endsAfterTheStepWhenItsThreadIsInterrupted() {
    TrainingListener interruption =
        new TrainingListener() {
          @Override
          public void onStep(StepResult result) {
            Thread.currentThread().interrupt();
          }
        };
    try (FareTrainer<?> trainer = Runs.builder(encoder).listener(interruption).build()) {
      TrainingSummary summary = trainer.fit(Runs.IMAGES);

      assertThat(Thread.interrupted()).isTrue();
      assertThat(summary.lastStep()).isEqualTo(1);
    }
  }

  @Test
  void takesLabelsFromTheDataForALossThatNeedsThem() {
    NDArray classes = manager.create(new float[] {1, 0, 0, 0, 0, 0, 1, 0, 0, 0}, new Shape(2, 5));
    try (FareTrainer<?> trainer =
        builder().loss(TrainingLoss.tecoa(classes)).steps(60).batchSize(10).build()) {
      double before = trainer.step(Runs.pixels(manager), Labelled.labels(manager)).loss();
      TrainingSummary summary = trainer.fit(new Labelled());

      assertThat(summary.isComplete()).isTrue();
      assertThat(summary.finalLoss()).isLessThan(0.5 * before);
    }
  }

  private FareTrainer.Builder<TanhEncoder> builder() {
    return builder(encoder);
  }

  private static <E extends TrainableEncoder> FareTrainer.Builder<E> builder(E encoder) {
    return FareTrainer.builder(encoder)
        .attack(new SignAttack(8 / 255.0, 2, 0))
        .learningRate(1e-2)
        .warmupSteps(0);
  }

  private NDArray pixels() {
    Random random = new Random(3);
    float[] values = new float[8 * 3 * TanhEncoder.SIDE * TanhEncoder.SIDE];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat();
    }
    return manager.create(values, new Shape(8, 3, TanhEncoder.SIDE, TanhEncoder.SIDE));
  }

  /** An encoder on a device that holds only so many images at a time. */
  private record SmallMemory(TanhEncoder encoder, int images, String error) implements AroundTanh {

    @Override
    public NDArray embed(NDArray pixels) {
      if (pixels.getShape().get(0) > images) {
        throw new EngineException(error);
      }
      return encoder.embed(pixels);
    }

    @Override
    public SmallMemory copy() {
      return new SmallMemory(encoder.copy(), images, error);
    }
  }

  /** Ten images, the first few of which can't be decoded. */
  private record Corrupt(int broken) implements RunImages {

    @Override
    public void read(int index, int imageSize, FloatBuffer target) throws IOException {
      if (index < broken) {
        target.put(0.5f); // a decoder that fails half-way
        throw new UnreadableImageException(index + ".jpg", "broken", null);
      }
      Runs.IMAGES.read(index, imageSize, target);
    }
  }

  /** Ten images in two classes. */
  private static final class Labelled implements RunImages {

    static NDArray labels(NDManager manager) {
      return manager.create(new long[] {0, 1, 0, 1, 0, 1, 0, 1, 0, 1});
    }

    @Override
    public OptionalInt label(int index) {
      return OptionalInt.of(index % 2);
    }

    @Override
    public String description() {
      return "ten labelled images";
    }
  }
}
