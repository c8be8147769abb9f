package dev.fare.evaluation;

import ai.djl.ndarray.NDArray;
import dev.fare.Classifier;
import dev.fare.torch.GradMode;

/** Reads logits on the Java side, where ties and NaN have one meaning on every device. */
final class Predictions {

  /** Stands for a class where the logits are not finite; never right. */
  static final int NONE = -1;

  private Predictions() {}

  /** Logits {@code [N][K]} of a batch {@code [N,3,H,W]}. */
  static float[][] logits(Classifier classifier, NDArray pixels) {
    try (GradMode off = GradMode.noGrad();
        NDArray logits = classifier.logits(pixels)) {
      long count = pixels.getShape().get(0);
      if (logits.getShape().dimension() != 2 || logits.getShape().get(0) != count) {
        throw new IllegalArgumentException(
            "a classifier must return logits [%s,K] for %s images, got %s"
                .formatted(count, count, logits.getShape()));
      }
      int classes = Math.toIntExact(logits.getShape().get(1));
      float[] flat = logits.toFloatArray();
      float[][] rows = new float[Math.toIntExact(count)][classes];
      for (int row = 0; row < rows.length; row++) {
        System.arraycopy(flat, row * classes, rows[row], 0, classes);
      }
      return rows;
    }
  }

  /** The class of the highest logit, the first among equals; {@link #NONE} if one isn't finite. */
  static int top(float[] logits) {
    int best = 0;
    for (int i = 0; i < logits.length; i++) {
      if (!Float.isFinite(logits[i])) {
        return NONE;
      }
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }

  /** The softmax of logits. */
  static double[] probabilities(float[] logits) {
    double highest = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      highest = Math.max(highest, logit);
    }
    double sum = 0;
    double[] probabilities = new double[logits.length];
    for (int i = 0; i < logits.length; i++) {
      probabilities[i] = Math.exp(logits[i] - highest);
      sum += probabilities[i];
    }
    for (int i = 0; i < logits.length; i++) {
      probabilities[i] /= sum;
    }
    return probabilities;
  }
}
