package dev.fare.evaluation.drift;

import ai.djl.ndarray.NDArray;
import dev.fare.ImageEncoder;
import dev.fare.Objective;

/** What to climb on a batch without labels, for example {@code Objectives::embeddingDistance}. */
@FunctionalInterface
public interface EncoderObjectiveFactory {

  /**
   * An objective for one batch.
   *
   * @param referenceEmbeddings {@code [N,D]}, what to get away from
   */
  Objective create(ImageEncoder encoder, NDArray referenceEmbeddings);
}
