package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import dev.fare.ImageEncoder;
import dev.fare.SelectableObjective;

/** Pushes embeddings away from their references; it never claims success. */
record EmbeddingObjective(ImageEncoder encoder, EmbeddingMetric metric, NDArray reference)
    implements SelectableObjective {

  EmbeddingObjective {
    int size = encoder.embeddingSize();
    if (reference.getShape().dimension() != 2 || reference.getShape().get(1) != size) {
      throw new IllegalArgumentException(
          "reference embeddings must be [N," + size + "], got " + reference.getShape());
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
  public NDArray losses(NDArray embeddings) {
    return metric.between(embeddings, reference);
  }

  @Override
  public SelectableObjective select(NDArray rows) {
    return new EmbeddingObjective(encoder, metric, Rows.take(reference, rows));
  }
}
