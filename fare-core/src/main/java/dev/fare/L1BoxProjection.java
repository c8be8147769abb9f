package dev.fare;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * The Euclidean projection onto the intersection of an l1 ball and [0,1] (Croce &amp; Hein, 2021,
 * section 3): a piecewise linear equation in one multiplier for each image, solved on the sorted
 * break points.
 */
final class L1BoxProjection {

  private L1BoxProjection() {}

  /**
   * What must be added to a perturbed image.
   *
   * @param center {@code [N,...]} in [0,1]
   * @param perturbation the same shape
   * @param epsilon radius of the l1 ball
   * @return the same shape: {@code center + perturbation + change} is the nearest allowed image
   */
  static NDArray change(NDArray center, NDArray perturbation, double epsilon) {
    long images = center.getShape().get(0);
    NDArray x = center.reshape(images, -1); // [N,D]
    NDArray y = perturbation.reshape(images, -1);
    NDArray magnitude = y.abs();
    // how far each pixel must move towards the centre to enter [0,1], and may move at most
    NDArray moved = x.add(y);
    NDArray needed = moved.minimum(x.neg().add(1).sub(y)).minimum(0).neg(); // [N,D] >= 0
    NDArray excess = magnitude.sum(new int[] {1}).sub(epsilon); // [N]
    NDArray boxed = needed.sum(new int[] {1});
    NDArray mustShrink = excess.gt(boxed).expandDims(1).broadcast(y.getShape()); // [N,D]
    NDArray shift = multiplier(needed, magnitude, boxed, excess).maximum(needed).minimum(magnitude);
    NDArray change = NDArrays.where(mustShrink, shift, needed).neg();
    return y.sign().mul(change).reshape(center.getShape());
  }

  /** The common shift at which the pixels' moves add up to the excess, {@code [N,1]}. */
  private static NDArray multiplier(
      NDArray needed, NDArray magnitude, NDArray boxed, NDArray excess) {
    NDArray breaks = NDArrays.concat(new NDList(needed, magnitude), 1); // [N,2D]
    NDArray order = breaks.argSort(1);
    NDArray sorted = breaks.gather(order, 1);
    long images = sorted.getShape().get(0);
    long count = sorted.getShape().get(1);
    NDArray zeros = breaks.getManager().zeros(new Shape(images, 1), DataType.FLOAT32);
    NDArray following = NDArrays.concat(new NDList(sorted.get(":,1:"), zeros), 1);
    // a pixel moves between its two break points: +1 at the first, -1 at the second
    NDArray isFirst = order.lt(needed.getShape().get(1)).toType(DataType.FLOAT32, false);
    NDArray moving = isFirst.mul(2).sub(1).cumSum(1);
    NDArray total = following.sub(sorted).mul(moving).cumSum(1).add(boxed.expandDims(1));
    NDArray tooLittle = total.lt(excess.expandDims(1)).toType(DataType.INT64, false);
    NDArray segment =
        tooLittle.sum(new int[] {1}, true).toType(DataType.INT64, false).sub(1).clip(0, count - 2);
    NDArray missing = excess.expandDims(1).sub(total.gather(segment, 1));
    NDArray slope = moving.gather(segment.add(1), 1);
    return missing.div(slope).add(following.gather(segment, 1));
  }
}
