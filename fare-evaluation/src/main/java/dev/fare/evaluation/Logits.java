package dev.fare.evaluation;

import ai.djl.ndarray.NDArray;
import dev.fare.Classifier;
import dev.fare.torch.GradMode;

/** Logits off the device. */
final class Logits {

  private Logits() {}

  /** Logits {@code [N][K]} of a batch {@code [N,3,H,W]}. */
  static float[][] of(Classifier classifier, NDArray pixels) {
    try (GradMode off = GradMode.noGrad();
        NDArray logits = classifier.logits(pixels)) {
      long count = pixels.getShape().get(0);
      if (logits.getShape().dimension() != 2 || logits.getShape().get(0) != count) {
        throw new IllegalArgumentException(
            "a classifier must return logits [%s,K] for %s images, got %s"
                .formatted(count, count, logits.getShape()));
      }
      return Embeddings.rows(logits);
    }
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
