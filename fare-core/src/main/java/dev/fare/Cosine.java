package dev.fare;

import ai.djl.ndarray.NDArray;
import dev.fare.torch.Autograd;

/** The cosine between embeddings, to be differentiated or not. */
public final class Cosine {

  /** Keeps the direction of an all-zero embedding and its slope finite; PyTorch's value. */
  private static final double TINY = 1e-12;

  private Cosine() {}

  /**
   * Embeddings at unit length.
   *
   * @param embeddings {@code [N,D]}
   * @return the same shape; an all-zero row stays zero
   */
  public static NDArray normalize(NDArray embeddings) {
    try (NDArray squares = embeddings.square();
        NDArray sums = squares.sum(new int[] {1}, true); // [N,1]
        // before the root, whose slope at 0 is infinite
        NDArray positive = Autograd.clampMin(sums, TINY * TINY);
        NDArray lengths = positive.sqrt()) {
      return embeddings.div(lengths);
    }
  }

  /**
   * Row by row.
   *
   * @param a {@code [N,D]}
   * @param b {@code [N,D]}
   * @return {@code [N]} in [−1,1]
   */
  public static NDArray between(NDArray a, NDArray b) {
    try (NDArray unitA = normalize(a);
        NDArray unitB = normalize(b);
        NDArray products = unitA.mul(unitB)) {
      return products.sum(new int[] {1});
    }
  }

  /** Of two embeddings off the device, in double precision; 0 where an embedding is all zero. */
  public static double between(float[] a, float[] b) {
    double dot = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      dot += (double) a[i] * b[i];
      aa += (double) a[i] * a[i];
      bb += (double) b[i] * b[i];
    }
    return aa == 0 || bb == 0 ? 0 : Math.max(-1, Math.min(1, dot / Math.sqrt(aa * bb)));
  }
}
