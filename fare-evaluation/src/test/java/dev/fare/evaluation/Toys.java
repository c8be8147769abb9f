package dev.fare.evaluation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.AttackResult;
import dev.fare.Classifier;
import dev.fare.ImageEncoder;
import dev.fare.data.InMemoryImages;
import dev.fare.evaluation.drift.EncoderAttack;
import dev.fare.torch.Autograd;
import java.util.Arrays;
import java.util.List;

/** Grey images of one pixel and a classifier whose robustness is a matter of arithmetic. */
public final class Toys {

  private Toys() {}

  /** Images of one grey pixel; class 0 is bright (above one half), class 1 dark. */
  public static InMemoryImages greys(float... values) {
    float[] pixels = new float[3 * values.length];
    int[] labels = new int[values.length];
    for (int i = 0; i < values.length; i++) {
      Arrays.fill(pixels, 3 * i, 3 * i + 3, values[i]);
      labels[i] = values[i] > 0.5f ? 0 : 1;
    }
    return InMemoryImages.of(pixels, 1).labels(labels, List.of("bright", "dark"));
  }

  /** Bright or dark by the mean, which changes by at most ε under l∞: robust iff |v − t| > ε. */
  static Classifier threshold(double threshold) {
    return pixels -> {
      NDArray score =
          Autograd.scaled(
              pixels.reshape(-1, 3).mean(new int[] {1}).sub(threshold).reshape(-1, 1), 10);
      return score.concat(score.neg(), 1);
    };
  }

  /** Moves every pixel towards the other class by a share of ε. */
  static EvaluationAttack shift(String name, double share) {
    return new EvaluationAttack(
        name,
        "share " + share,
        (threatModel, classifier, batch) -> {
          NDArray direction =
              batch.labels().toType(DataType.FLOAT32, false).mul(2).sub(1).reshape(-1, 1, 1, 1);
          NDArray images =
              batch.pixels().add(direction.mul(threatModel.epsilon() * share)).clip(0, 1);
          return result(images);
        });
  }

  public static AttackResult result(NDArray images) {
    long count = images.getShape().get(0);
    NDArray losses = images.getManager().zeros(new Shape(count));
    return new AttackResult(images, images, losses, losses.toType(DataType.BOOLEAN, true));
  }

  /** Puts a grey image of brightness v at (slope · v, 1). */
  public static ImageEncoder line(double slope) {
    return new ImageEncoder() {
      @Override
      public NDArray embed(NDArray pixels) {
        NDArray mean = pixels.reshape(-1, 3).mean(new int[] {1}).reshape(-1, 1).mul(slope);
        return mean.concat(mean.onesLike(), 1);
      }

      @Override
      public int embeddingSize() {
        return 2;
      }

      @Override
      public int imageSize() {
        return 1;
      }

      @Override
      public void close() {}
    };
  }

  /** Brightens every pixel by ε. */
  public static EncoderAttack brighten() {
    return new EncoderAttack(
        "brighten",
        "all of ε",
        (threatModel, encoder, batch) ->
            result(batch.pixels().add(threatModel.epsilon()).clip(0, 1)));
  }
}
