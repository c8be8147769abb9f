package dev.fare.training.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.Closeable;
import java.util.List;
import java.util.Map;

/** An optimizer at work on certain weights: the update and what it remembers between updates. */
public sealed interface UpdateRule extends Closeable permits AdamWRule, SgdRule {

  /**
   * Updates the weights in place.
   *
   * @param gradients one for each weight, in their order
   */
  void step(List<NDArray> gradients, double learningRate);

  /** Owns what is remembered; its device is the weights'. */
  NDManager manager();

  /** What must be saved to go on later, by name; the arrays are the rule's own. */
  Map<String, NDArray> state();

  @Override
  void close();
}
