package dev.fare.attacks.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.torch.TensorScope;

/** A variable of an attack's loop: an array that outlives the step in which it was computed. */
public final class LoopTensor {

  private final NDManager owner;
  private NDArray array;

  /**
   * Keeps the array's values; the array itself may be closed.
   *
   * @param owner frees the values at the end of the run
   * @param scope the step in which the array was made
   */
  public LoopTensor(NDArray array, NDManager owner, TensorScope scope) {
    this.owner = owner;
    this.array = scope.keep(array.stopGradient(), owner);
  }

  public NDArray get() {
    return array;
  }

  /** Takes new values and frees the old ones, unless somebody else keeps them too. */
  public void set(NDArray next, TensorScope scope) {
    NDArray alias = scope.keep(next.stopGradient(), owner);
    array.close();
    array = alias;
  }

  /** Goes on with some of the rows. */
  public void select(NDArray rows, TensorScope scope) {
    set(Rows.take(array, rows), scope);
  }
}
