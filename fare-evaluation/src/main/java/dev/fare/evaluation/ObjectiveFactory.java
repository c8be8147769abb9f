package dev.fare.evaluation;

import ai.djl.ndarray.NDArray;
import dev.fare.Classifier;
import dev.fare.Objective;

/** What to climb on a batch, for example {@code Objectives::crossEntropy}. */
@FunctionalInterface
public interface ObjectiveFactory {

  /**
   * An objective for one batch.
   *
   * @param labels {@code [N]} int64
   */
  Objective create(Classifier classifier, NDArray labels);
}
