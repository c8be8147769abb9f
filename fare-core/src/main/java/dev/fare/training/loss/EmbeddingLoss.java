package dev.fare.training.loss;

import ai.djl.ndarray.NDArray;
import dev.fare.EmbeddingDistance;
import dev.fare.EmbeddingMetric;
import dev.fare.ImageEncoder;
import dev.fare.Objective;

/**
 * How wrong an embedding is, image by image; what training minimises and its attack climbs.
 *
 * <p>The three distances to the original's embedding need no labels; {@link #crossEntropy} does.
 */
public interface EmbeddingLoss extends InnerObjective {

  /**
   * The loss of each image.
   *
   * @param embeddings {@code [N,D]}, as the encoder gives them
   * @param targets what they should have been
   * @return {@code [N]}, recorded if the embeddings are
   */
  NDArray losses(NDArray embeddings, Targets targets);

  /** What an attack climbs to make this loss large. */
  @Override
  default Objective objective(ImageEncoder encoder, Targets targets) {
    return new TargetObjective(encoder, this, targets);
  }

  /** FARE's: the squared Euclidean distance, summed over dimensions, nothing normalised. */
  static EmbeddingLoss squaredDistance() {
    return Distance.SQUARED;
  }

  /** One minus the cosine. */
  static EmbeddingLoss cosineDistance() {
    return Distance.COSINE;
  }

  /** The sum of absolute differences. */
  static EmbeddingLoss absoluteDistance() {
    return Distance.ABSOLUTE;
  }

  /**
   * Cross-entropy over {@code 100 · cosine(image, class)}, what TeCoA trains with.
   *
   * @param classEmbeddings {@code [K,D]}, one row a class, on the encoder's device; the caller
   *     stays their owner and keeps them open as long as the loss is used
   */
  static EmbeddingLoss crossEntropy(NDArray classEmbeddings) {
    return new CrossEntropy(classEmbeddings, 100);
  }

  /** Distances to the reference. */
  enum Distance implements EmbeddingLoss {
    /** Squared Euclidean. */
    SQUARED(EmbeddingMetric.SQUARED_L2),
    /** One minus the cosine. */
    COSINE(EmbeddingMetric.COSINE),
    /** Sum of absolute differences. */
    ABSOLUTE(EmbeddingMetric.L1);

    private final EmbeddingMetric metric;

    Distance(EmbeddingMetric metric) {
      this.metric = metric;
    }

    @Override
    public NDArray losses(NDArray embeddings, Targets targets) {
      return metric.between(embeddings, targets.reference());
    }

    @Override
    public Objective objective(ImageEncoder encoder, Targets targets) {
      return new EmbeddingDistance(encoder, metric, targets.reference());
    }
  }
}
