package dev.fare.attacks.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

/** Steps in l1 geometry: the same amount on the coordinates with the largest gradient. */
public final class SparseDirection {

  private SparseDirection() {}

  /**
   * The signs of the largest coordinates, of l1 length one.
   *
   * @param gradient {@code [N,...]}
   * @param fractions {@code [N]}, which share of each image's coordinates to move
   * @return the shape of the gradient
   */
  public static NDArray of(NDArray gradient, NDArray fractions) {
    return Kernels.sparseSigns(gradient, ranks(gradient, fractions));
  }

  /**
   * Images moved in that direction.
   *
   * @param images {@code [N,C,H,W]}
   * @param sizes {@code [N,1,1,1]}, how far, in l1 length
   */
  public static NDArray ascend(NDArray images, NDArray gradient, NDArray fractions, NDArray sizes) {
    return Kernels.sparseAscend(images, gradient, ranks(gradient, fractions), sizes);
  }

  /**
   * The rank of the smallest coordinate that moves, {@code [N]} int64, 0 for the smallest of all.
   */
  private static NDArray ranks(NDArray gradient, NDArray fractions) {
    float size = (float) (gradient.size() / gradient.getShape().get(0));
    return fractions.neg().add(1).mul(size).clip(0, size - 1).toType(DataType.INT64, false);
  }
}
