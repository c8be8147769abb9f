package dev.fare;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;

/**
 * How far an encoder's embedding of an image lies from a reference: the squared Euclidean distance,
 * summed over the dimensions, of embeddings that are not normalised (Robust CLIP, equation 3).
 *
 * <p>Attacks climb it to find the image that the encoder understands least like the reference.
 */
public final class EmbeddingDistance implements SelectableObjective {

  private final ImageEncoder encoder;
  private final NDArray reference;

  /**
   * Measures from given embeddings.
   *
   * @param encoder what is attacked
   * @param reference {@code [N,D]}, where the embeddings of the N images should have stayed; the
   *     caller stays its owner
   * @throws IllegalArgumentException if the reference is not {@code [N,D]} with the encoder's D
   */
  public EmbeddingDistance(ImageEncoder encoder, NDArray reference) {
    this.encoder = requireNonNull(encoder, "encoder");
    this.reference = requireNonNull(reference, "reference");
    if (reference.getShape().dimension() != 2
        || reference.getShape().get(1) != encoder.embeddingSize()) {
      throw new IllegalArgumentException(
          "reference embeddings must be [N,"
              + encoder.embeddingSize()
              + "] as the encoder's, got "
              + reference.getShape());
    }
  }

  @Override
  public NDArray forward(NDArray pixels) {
    return encoder.embed(pixels);
  }

  @Override
  public NDArray losses(NDArray outputs) {
    return outputs.sub(reference).square().sum(new int[] {1});
  }

  @Override
  public SelectableObjective select(NDArray rows) {
    NDArray selected = reference.get(rows);
    selected.attach(rows.getManager());
    return new EmbeddingDistance(encoder, selected);
  }
}
