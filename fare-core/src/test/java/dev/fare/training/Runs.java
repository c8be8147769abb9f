package dev.fare.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.data.InMemoryImages;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** A small run that checkpoint tests repeat: everything in it that has state is switched on. */
public final class Runs {

  static final int STEPS = 8;
  public static final InMemoryImages IMAGES = InMemoryImages.of(pixels(10), TanhEncoder.SIDE);

  private Runs() {}

  public static <E extends TrainableEncoder> FareTrainer.Builder<E> builder(E encoder) {
    return FareTrainer.builder(encoder)
        .attack(new SignAttack(8 / 255.0, 2, 0))
        .learningRate(1e-2)
        .steps(STEPS)
        .batchSize(4)
        .microBatchSize(3)
        .averageDecay(0.9)
        .seed(5);
  }

  public static FareTrainer.Builder<TanhEncoder> builder(TanhEncoder encoder, Path directory) {
    return builder(encoder).checkpoints(directory).checkpointEvery(2);
  }

  /** The weights at the end of a run that nothing has disturbed, then their averages. */
  public static float[][] undisturbed() {
    try (TanhEncoder encoder = TanhEncoder.seeded(1);
        FareTrainer<?> trainer = builder(encoder).build()) {
      trainer.fit(IMAGES);
      return results(encoder, trainer);
    }
  }

  public static float[][] results(TanhEncoder encoder, FareTrainer<?> trainer) {
    try (TanhEncoder averaged = (TanhEncoder) trainer.averagedEncoder()) {
      return new float[][] {encoder.values(), averaged.values()};
    }
  }

  /** The images, {@code [10,3,4,4]}. */
  public static NDArray pixels(NDManager manager) {
    FloatBuffer pixels = FloatBuffer.allocate(10 * 48);
    for (int i = 0; i < 10; i++) {
      IMAGES.read(i, TanhEncoder.SIDE, pixels);
    }
    return manager.create(pixels.array(), new Shape(10, 3, 4, 4));
  }

  /** The names of what lies in a run's directory beside its lock. */
  public static List<String> names(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries
          .map(path -> path.getFileName().toString())
          .filter(name -> !name.equals("lock"))
          .sorted()
          .toList();
    }
  }

  /** Cancels a run after a step. */
  public static final class CancelAfter implements TrainingListener {
    private final long step;
    private final FareTrainer<?>[] trainer;

    public CancelAfter(long step, FareTrainer<?>[] trainer) {
      this.step = step;
      this.trainer = trainer;
    }

    @Override
    public void onStep(StepResult result) {
      if (result.step() == step) {
        trainer[0].cancel();
      }
    }
  }

  private static float[] pixels(int images) {
    Random random = new Random(6);
    float[] values = new float[images * 3 * TanhEncoder.SIDE * TanhEncoder.SIDE];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat();
    }
    return values;
  }
}
