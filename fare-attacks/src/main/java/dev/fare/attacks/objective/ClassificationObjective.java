package dev.fare.attacks.objective;

import ai.djl.ndarray.NDArray;
import dev.fare.Classifier;
import dev.fare.SelectableObjective;

/**
 * An objective about a classifier's decision: its {@code forward} gives logits {@code [N,K]}.
 * Attacks that look at classes, such as FAB and targeted APGD, need one; {@code Objectives} makes
 * them.
 */
public interface ClassificationObjective extends SelectableObjective {

  /** The right classes, {@code [N]} int64. */
  NDArray labels();

  @Override
  ClassificationObjective select(NDArray rows);

  /** The same question to another model, for example one in lower precision. */
  ClassificationObjective withClassifier(Classifier classifier);

  /**
   * The same model and labels with another loss; success is any wrong class.
   *
   * @param loss one without a target
   */
  ClassificationObjective withLoss(ClassificationLoss loss);

  /**
   * The same model and labels with the targeted difference of logits ratio as its loss.
   *
   * @param targets {@code [N]} int64: the wrong class to go for
   */
  ClassificationObjective towards(NDArray targets);
}
