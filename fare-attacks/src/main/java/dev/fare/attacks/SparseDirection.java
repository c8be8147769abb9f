package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

/** Steps in l1 geometry: the same amount on the coordinates with the largest gradient. */
final class SparseDirection {

  private SparseDirection() {}

  /**
   * The signs of the largest coordinates, of l1 length one.
   *
   * @param gradient {@code [N,...]}
   * @param fractions {@code [N]}, which share of each image's coordinates to move
   * @return the shape of the gradient
   */
  static NDArray of(NDArray gradient, NDArray fractions) {
    long images = gradient.getShape().get(0);
    NDArray magnitude = gradient.abs().reshape(images, -1); // [N,D]
    long size = magnitude.getShape().get(1);
    NDArray rank =
        fractions.neg().add(1).mul((float) size).clip(0, size - 1f).toType(DataType.INT64, false);
    NDArray threshold = Kernels.ranked(magnitude, rank.expandDims(1)); // [N,1]
    NDArray chosen = magnitude.gte(threshold).toType(DataType.FLOAT32, false);
    NDArray signs = gradient.sign().reshape(images, -1).mul(chosen);
    NDArray count = signs.abs().sum(new int[] {1}, true).add(1e-10);
    return signs.div(count).reshape(gradient.getShape());
  }
}
