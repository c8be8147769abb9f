package dev.fare.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.data.InMemoryImages;
import dev.fare.training.loss.EmbeddingLoss;
import dev.fare.training.loss.TrainingLoss;
import dev.fare.training.optimizer.Optimizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Batches that are shared out make the updates that one device makes, whatever is switched on. */
class ReplicasTest {

  private static final InMemoryImages LABELLED =
      Runs.IMAGES.labels(IntStream.range(0, 10).map(i -> i % 3).toArray(), List.of("a", "b", "c"));

  private final NDManager manager = NDManager.newBaseManager("PyTorch");

  @TempDir private Path directory;

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void labels() {
    NDArray classes = classes();
    assertSameUpdates(builder -> builder.loss(TrainingLoss.tecoa(classes)));
  }

  @Test
  void tokensAndCleanImages() {
    EmbeddingLoss squared = EmbeddingLoss.squaredDistance();
    TrainingLoss loss = TrainingLoss.fare().withClean(squared, 0.3).withTokens(squared, 0.5);
    assertSameUpdates(builder -> builder.loss(loss));
  }

  @Test
  void frozenWeights() {
    assertSameUpdates(builder -> builder.freeze(name -> name.startsWith("first.")));
  }

  @Test
  void keptReferences() {
    assertSameUpdates(builder -> builder.referenceCache(directory));
  }

  /** The second half is made by replicas that begin with other weights. */
  @Test
  void aResumedRun() {
    float[] alone = train(builder -> builder, Runs.STEPS, 0);
    UnaryOperator<FareTrainer.Builder<?>> checkpoints =
        builder -> builder.checkpoints(directory).checkpointEvery(2);

    train(checkpoints, 4, 2);
    float[] shared = train(checkpoints, Runs.STEPS, 2);

    assertClose(shared, alone);
    assertThat(shared).containsExactly(train(builder -> builder, Runs.STEPS, 2));
  }

  /** More devices than images in a batch: some have nothing to do. */
  @Test
  void moreDevicesThanImages() {
    float[] alone = train(builder -> builder.batchSize(2), Runs.STEPS, 0);

    assertClose(train(builder -> builder.batchSize(2), Runs.STEPS, 3), alone);
  }

  /** Whichever device is done first, the sums are added in one order. */
  @Test
  void aRunIsBitEqualToItsRepetition() {
    float[] once = train(builder -> builder.batchSize(5), Runs.STEPS, 4);

    Random pauses = new Random(3);
    TrainingLoss late =
        inputs -> {
          LockSupport.parkNanos(pauses.nextInt(5_000_000));
          return TrainingLoss.fare().losses(inputs);
        };
    assertThat(train(builder -> builder.batchSize(5).loss(late), Runs.STEPS, 4))
        .containsExactly(once);
  }

  private void assertSameUpdates(UnaryOperator<FareTrainer.Builder<?>> options) {
    float[] alone = train(options, Runs.STEPS, 0);

    assertClose(train(options, Runs.STEPS, 2), alone);
  }

  /** SGD: the optimizer must not divide the sums' rounding by itself, as Adam does. */
  private static void assertClose(float[] shared, float[] alone) {
    float[] start = start();
    double moved = 0;
    for (int i = 0; i < alone.length; i++) {
      moved = Math.max(moved, Math.abs(alone[i] - start[i]));
    }
    assertThat(moved).isGreaterThan(1e-3);
    assertThat(shared).containsExactly(alone, within((float) (1e-4 * moved)));
  }

  private static float[] start() {
    try (TanhEncoder encoder = TanhEncoder.seeded(1)) {
      return encoder.values();
    }
  }

  /** The weights after a step, made on one device and as many more. */
  private static float[] train(
      UnaryOperator<FareTrainer.Builder<?>> options, long until, int replicas) {
    List<TanhEncoder> others =
        IntStream.range(0, replicas).mapToObj(i -> TanhEncoder.seeded(7 + i)).toList();
    FareTrainer<?>[] trainer = new FareTrainer<?>[1];
    try (TanhEncoder encoder = TanhEncoder.seeded(1)) {
      FareTrainer.Builder<?> builder =
          Runs.builder(encoder)
              .optimizer(Optimizer.sgd())
              .learningRate(1e-2)
              .listener(new Runs.CancelAfter(until, trainer))
              .replicas(List.copyOf(others));
      trainer[0] = options.apply(builder).build();
      TrainingSummary summary = trainer[0].fit(LABELLED);
      assertThat(summary.lastStep()).isEqualTo(until);
      trainer[0].close();
      others.forEach(other -> assertThat(other.values()).containsExactly(encoder.values()));
      return encoder.values();
    } finally {
      others.forEach(TanhEncoder::close);
    }
  }

  private NDArray classes() {
    Random random = new Random(9);
    float[] values = new float[3 * TanhEncoder.DIMENSIONS];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return manager.create(values, new Shape(3, TanhEncoder.DIMENSIONS));
  }
}
