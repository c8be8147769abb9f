package dev.fare.attacks.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;

/** Some rows of an array. */
public final class Rows {

  private Rows() {}

  /**
   * {@code array[rows]}.
   *
   * @param array {@code [N,...]}
   * @param rows {@code [M]} int64
   * @return {@code [M,...]}, owned by the manager of {@code rows}
   */
  public static NDArray take(NDArray array, NDArray rows) {
    return array.get(rows.getManager(), new NDIndex("{}", rows));
  }
}
