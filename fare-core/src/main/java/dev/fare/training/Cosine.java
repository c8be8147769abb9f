package dev.fare.training;

import ai.djl.ndarray.NDArray;
import dev.fare.torch.Autograd;

/** The cosine between embeddings. */
final class Cosine {

  /** Keeps the direction of an all-zero embedding finite; PyTorch's value. */
  private static final double TINY = 1e-12;

  private Cosine() {}

  /** The embeddings at unit length, {@code [N,D]}. */
  static NDArray normalize(NDArray embeddings) {
    NDArray length = embeddings.square().sum(new int[] {1}, true).sqrt(); // [N,1]
    return embeddings.div(Autograd.atLeast(length, TINY));
  }

  /** Row by row, {@code [N]}. */
  static NDArray between(NDArray a, NDArray b) {
    return normalize(a).mul(normalize(b)).sum(new int[] {1});
  }
}
