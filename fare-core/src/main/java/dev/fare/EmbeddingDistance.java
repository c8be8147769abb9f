package dev.fare;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;

/**
 * How far an encoder's embedding of an image lies from a reference.
 *
 * <p>Attacks climb it to find the image that the encoder understands least like the reference; it
 * never claims success.
 */
public final class EmbeddingDistance implements SelectableObjective {

  private final ImageEncoder encoder;
  private final EmbeddingMetric metric;
  private final NDArray reference;

  /**
   * Measures from given embeddings.
   *
   * @param encoder what is attacked
   * @param metric how to measure
   * @param reference {@code [N,D]}, where the embeddings of the N images should have stayed; the
   *     caller stays its owner
   * @throws IllegalArgumentException if the reference is not {@code [N,D]} with the encoder's D
   */
  public EmbeddingDistance(ImageEncoder encoder, EmbeddingMetric metric, NDArray reference) {
    this.encoder = requireNonNull(encoder, "encoder");
    this.metric = requireNonNull(metric, "metric");
    this.reference = requireNonNull(reference, "reference");
    int size = encoder.embeddingSize();
    if (reference.getShape().dimension() != 2 || reference.getShape().get(1) != size) {
      throw new IllegalArgumentException(
          "reference embeddings must be [N,"
              + size
              + "] as the encoder's, got "
              + reference.getShape());
    }
  }

  @Override
  public NDArray forward(NDArray pixels) {
    if (pixels.getShape().get(0) != reference.getShape().get(0)) {
      throw new IllegalArgumentException(
          "there must be one reference embedding per image, got "
              + reference.getShape().get(0)
              + " for "
              + pixels.getShape().get(0)
              + " images");
    }
    return encoder.embed(pixels);
  }

  @Override
  public NDArray losses(NDArray outputs) {
    return metric.between(outputs, reference);
  }

  @Override
  public SelectableObjective select(NDArray rows) {
    NDArray selected = reference.get(rows.getManager(), new NDIndex("{}", rows));
    return new EmbeddingDistance(encoder, metric, selected);
  }
}
