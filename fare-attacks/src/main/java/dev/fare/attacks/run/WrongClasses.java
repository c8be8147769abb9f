package dev.fare.attacks.run;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import dev.fare.torch.TensorScope;

/**
 * The wrong classes that the clean images come closest to, most likely first.
 *
 * @param classes {@code [N,T]} int64
 */
public record WrongClasses(NDArray classes) {

  /**
   * Looks at the clean images.
   *
   * @param most how many targets to use at most; there are never more than the wrong classes
   */
  public static WrongClasses of(AttackRun run, int most) {
    try (TensorScope scope = TensorScope.of(run.manager())) {
      NDArray logits = run.logits(run.ball().center());
      int count = (int) Math.min(most, logits.getShape().get(1) - 1);
      NDList top = logits.topK(count + 1, 1, true, true);
      NDArray wrong = top.get(1).toType(DataType.INT64, false).get(":,1:");
      return new WrongClasses(scope.keep(wrong.duplicate(), run.manager()));
    }
  }

  /** How many there are. */
  public int count() {
    return (int) classes.getShape().get(1);
  }

  /** The classes of one rank, {@code [N]}; rank 0 is the most likely. */
  public NDArray ofRank(int rank) {
    return classes.get(":," + rank);
  }
}
