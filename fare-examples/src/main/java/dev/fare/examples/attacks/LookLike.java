package dev.fare.examples.attacks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dev.fare.Classifier;
import dev.fare.Objective;

/** An objective of one's own: make every picture look like one class. */
public record LookLike(Classifier classifier, int wanted) implements Objective {

  @Override
  public NDArray forward(NDArray pixels) {
    return classifier.logits(pixels); // [N,K]
  }

  @Override
  public NDArray losses(NDArray logits) {
    return logits.logSoftmax(1).get(":, " + wanted); // [N]
  }

  @Override
  public NDArray succeeded(NDArray logits) {
    return logits.argMax(1).eq(wanted).toType(DataType.BOOLEAN, false); // [N]
  }
}
