package dev.fare.evaluation;

import dev.fare.AttackResult;
import dev.fare.Classifier;
import dev.fare.ThreatModel;

/** A whole attack on a classifier, for any threat model. */
@FunctionalInterface
public interface AttackStrategy {

  /**
   * Attacks a batch that the classifier gets right.
   *
   * @return images inside the threat model; whether they fool the classifier is checked afterwards
   */
  AttackResult attack(ThreatModel threatModel, Classifier classifier, LabelledBatch batch);
}
