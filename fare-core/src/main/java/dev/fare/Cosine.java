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
    NDArray squares = embeddings.square().sum(new int[] {1}, true); // [N,1]
    // before the root, whose slope at 0 is infinite
    return embeddings.div(Autograd.clampMin(squares, TINY * TINY).sqrt());
  }

  /**
   * Row by row.
   *
   * @param a {@code [N,D]}
   * @param b {@code [N,D]}
   * @return {@code [N]} in [−1,1]
   */
  public static NDArray between(NDArray a, NDArray b) {
    return normalize(a).mul(normalize(b)).sum(new int[] {1});
  }
}
