package dev.fare;

import ai.djl.ndarray.NDArray;

/** Something that decides between K classes. */
@FunctionalInterface
public interface Classifier {

  /**
   * Scores a batch of images.
   *
   * @param pixels {@code [N,3,H,W]} float32 in [0,1]
   * @return logits {@code [N,K]}, before any softmax, differentiable with respect to the pixels
   */
  NDArray logits(NDArray pixels);
}
