package dev.fare.attacks.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.fare.Norm;
import dev.fare.RandomStream;
import dev.fare.torch.Host;
import java.util.random.RandomGenerator;

/**
 * Each image's own source of random numbers: a function of the seed, of what the numbers are for,
 * and of the image's id, never of the batch it stands in.
 */
public record RandomStreams(long seed, long[] imageIds) {

  /**
   * The numbers for one image and one purpose.
   *
   * @param row of the batch
   * @param purpose a name, such as {@code start}
   * @param round for example the restart's number
   */
  public RandomGenerator stream(int row, String purpose, long round) {
    return RandomStream.ofImage(seed, imageIds[row], purpose, round);
  }

  /** The streams of some of the rows. */
  public RandomStreams select(long[] rows) {
    long[] ids = new long[rows.length];
    for (int i = 0; i < rows.length; i++) {
      ids[i] = imageIds[(int) rows[i]];
    }
    return new RandomStreams(seed, ids);
  }

  /** Independent standard normal numbers in the shape of a batch, image by image. */
  public NDArray gaussian(NDArray like, String purpose, long round) {
    return fill(like, purpose, round, (random, row) -> (float) random.nextGaussian());
  }

  /** Independent numbers, uniform in [-1,1), in the shape of a batch, image by image. */
  public NDArray uniform(NDArray like, String purpose, long round) {
    return fill(like, purpose, round, (random, row) -> 2 * random.nextFloat() - 1);
  }

  /**
   * Perturbations that are uniform in the unit ball of a norm.
   *
   * @param like a batch {@code [N,...]}; the result has its shape and manager
   */
  public NDArray inUnitBall(Norm norm, NDArray like, String purpose, long round) {
    if (norm == Norm.LINF) {
      return uniform(like, purpose, round);
    }
    int size = sizePerImage(like);
    float[] all = new float[Math.toIntExact(like.size())];
    for (int row = 0; row < imageIds.length; row++) {
      RandomGenerator random = stream(row, purpose, round);
      double length = 0;
      for (int i = row * size; i < (row + 1) * size; i++) {
        double value = norm == Norm.L2 ? random.nextGaussian() : laplace(random);
        length += norm == Norm.L2 ? value * value : Math.abs(value);
        all[i] = (float) value;
      }
      length = norm == Norm.L2 ? Math.sqrt(length) : length;
      double factor = Math.pow(random.nextDouble(), 1.0 / size) / length;
      for (int i = row * size; i < (row + 1) * size; i++) {
        all[i] = (float) (all[i] * factor);
      }
    }
    return Host.bring(like.getManager(), all, like.getShape());
  }

  private static double laplace(RandomGenerator random) {
    double value = random.nextExponential();
    return random.nextBoolean() ? value : -value;
  }

  private interface Draw {
    float next(RandomGenerator random, int row);
  }

  private NDArray fill(NDArray like, String purpose, long round, Draw draw) {
    Shape shape = like.getShape();
    int size = sizePerImage(like);
    float[] all = new float[Math.toIntExact(shape.size())];
    for (int row = 0; row < imageIds.length; row++) {
      RandomGenerator random = stream(row, purpose, round);
      for (int i = row * size; i < (row + 1) * size; i++) {
        all[i] = draw.next(random, row);
      }
    }
    return Host.bring(like.getManager(), all, shape);
  }

  private int sizePerImage(NDArray like) {
    if (like.getShape().get(0) != imageIds.length) {
      throw new IllegalArgumentException(
          "there must be one image id per row, got "
              + imageIds.length
              + " ids for "
              + like.getShape().get(0)
              + " rows");
    }
    return Math.toIntExact(like.size() / imageIds.length);
  }
}
