package dev.fare.attacks.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import java.util.Arrays;

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

  /** The rows at which a mask {@code [N]} is true; makes the host wait. */
  public static long[] where(NDArray mask) {
    boolean[] all = Host.booleans(mask);
    long[] rows = new long[all.length];
    int count = 0;
    for (int i = 0; i < all.length; i++) {
      if (all[i]) {
        rows[count++] = i;
      }
    }
    return Arrays.copyOf(rows, count);
  }

  /**
   * How rows of a few go to rows of all.
   *
   * @param source {@code [N]} int64: the row to read, 0 where there is none
   * @param isFound {@code [N]} boolean
   */
  public record Spread(NDArray source, NDArray isFound) {

    /** The rows of a few where they belong, any row where there is none. */
    public NDArray take(NDArray few) {
      return Rows.take(few, source);
    }
  }

  /**
   * Spreads a few rows over all.
   *
   * @param rows where each goes, each at most once
   * @param size how many there are
   */
  public static Spread spread(long[] rows, long size, TensorScope scope) {
    long[] source = new long[Math.toIntExact(size)];
    boolean[] isFound = new boolean[source.length];
    for (int i = 0; i < rows.length; i++) {
      source[Math.toIntExact(rows[i])] = i;
      isFound[Math.toIntExact(rows[i])] = true;
    }
    return new Spread(Host.bring(scope.manager(), source), Host.bring(scope.manager(), isFound));
  }
}
