package dev.fare;

import ai.djl.ndarray.NDArray;
import dev.fare.torch.Autograd;

/** How far embeddings, which are not normalised, lie from references. */
public enum EmbeddingMetric {
  /** The sum of squared differences, FARE's own (Robust CLIP, equation 3). */
  SQUARED_L2 {
    @Override
    public NDArray between(NDArray embeddings, NDArray reference) {
      return embeddings.sub(reference).square().sum(LAST);
    }
  },
  /** The sum of absolute differences. */
  L1 {
    @Override
    public NDArray between(NDArray embeddings, NDArray reference) {
      return embeddings.sub(reference).abs().sum(LAST);
    }
  },
  /** One minus the cosine of the angle. */
  COSINE {
    @Override
    public NDArray between(NDArray embeddings, NDArray reference) {
      return Autograd.plus(Cosine.between(embeddings, reference).neg(), 1);
    }
  };

  private static final int[] LAST = {1};

  /**
   * The distance of each row.
   *
   * @param embeddings {@code [N,D]}
   * @param reference {@code [N,D]}
   * @return {@code [N]}
   */
  public abstract NDArray between(NDArray embeddings, NDArray reference);
}
