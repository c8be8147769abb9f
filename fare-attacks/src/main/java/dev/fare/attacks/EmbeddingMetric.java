package dev.fare.attacks;

import ai.djl.ndarray.NDArray;

/** How far an embedding is from a reference. */
public enum EmbeddingMetric {
  /** The sum of squared differences, FARE's own. */
  SQUARED_L2 {
    @Override
    NDArray between(NDArray embeddings, NDArray reference) {
      return embeddings.sub(reference).square().sum(LAST);
    }
  },
  /** The sum of absolute differences. */
  L1 {
    @Override
    NDArray between(NDArray embeddings, NDArray reference) {
      return embeddings.sub(reference).abs().sum(LAST);
    }
  },
  /** One minus the cosine of the angle. */
  COSINE {
    @Override
    NDArray between(NDArray embeddings, NDArray reference) {
      NDArray dot = embeddings.mul(reference).sum(LAST);
      NDArray lengths =
          embeddings.square().sum(LAST).mul(reference.square().sum(LAST)).add(1e-24).sqrt();
      return dot.div(lengths).neg().add(1);
    }
  };

  private static final int[] LAST = {1};

  /** {@code [N,D]} and {@code [N,D]} to {@code [N]}. */
  abstract NDArray between(NDArray embeddings, NDArray reference);
}
