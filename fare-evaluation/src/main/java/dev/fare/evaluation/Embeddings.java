package dev.fare.evaluation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.ImageEncoder;
import dev.fare.torch.GradMode;
import dev.fare.torch.Host;

/** Embeddings off the device, {@code [N][D]}. */
public final class Embeddings {

  private Embeddings() {}

  public static float[][] of(ImageEncoder encoder, NDArray pixels) {
    try (GradMode off = GradMode.noGrad();
        NDArray embeddings = encoder.embed(pixels)) {
      long count = pixels.getShape().get(0);
      Shape shape = embeddings.getShape();
      if (shape.dimension() != 2 || shape.get(0) != count) {
        throw new IllegalArgumentException(
            "an encoder must return [%s,D] for %s images, got %s".formatted(count, count, shape));
      }
      return rows(embeddings);
    }
  }

  /** The rows of {@code [N,D]}. */
  public static float[][] rows(NDArray embeddings) {
    int size = Math.toIntExact(embeddings.getShape().get(1));
    float[] flat = Host.floats(embeddings);
    float[][] rows = new float[Math.toIntExact(embeddings.getShape().get(0))][size];
    for (int row = 0; row < rows.length; row++) {
      System.arraycopy(flat, row * size, rows[row], 0, size);
    }
    return rows;
  }

  public static NDArray onDevice(float[][] rows, NDManager manager) {
    float[] flat = new float[rows.length * rows[0].length];
    for (int row = 0; row < rows.length; row++) {
      System.arraycopy(rows[row], 0, flat, row * rows[0].length, rows[0].length);
    }
    return manager.create(flat, new Shape(rows.length, rows[0].length));
  }

  public static double squaredDistance(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      double difference = (double) a[i] - b[i];
      sum += difference * difference;
    }
    return sum;
  }
}
