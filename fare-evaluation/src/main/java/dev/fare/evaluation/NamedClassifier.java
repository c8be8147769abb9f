package dev.fare.evaluation;

import static com.google.common.base.Preconditions.checkArgument;

import dev.fare.Classifier;

/**
 * A model under evaluation.
 *
 * @param name short and unique within an evaluation
 * @param classifier scores the classes of the data set
 */
public record NamedClassifier(String name, Classifier classifier) {

  /** Checks the name. */
  public NamedClassifier {
    checkArgument(!name.isBlank(), "a model needs a name");
  }
}
