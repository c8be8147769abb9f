package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import dev.fare.Objective;

/** Climbs the inner product with a slope; succeeds above a threshold. */
final class LinearObjective implements Objective {

  private final NDArray slope;
  private final double threshold;
  private int forwards;

  LinearObjective(NDArray slope, double threshold) {
    this.slope = slope;
    this.threshold = threshold;
  }

  int forwards() {
    return forwards;
  }

  @Override
  public NDArray forward(NDArray pixels) {
    forwards++;
    return pixels.mul(slope).reshape(pixels.getShape().get(0), -1).sum(new int[] {1});
  }

  @Override
  public NDArray losses(NDArray outputs) {
    return outputs;
  }

  @Override
  public NDArray succeeded(NDArray outputs) {
    return outputs.gt(threshold);
  }
}
