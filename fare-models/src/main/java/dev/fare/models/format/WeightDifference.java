package dev.fare.models.format;

import ai.djl.ndarray.NDArray;

/** How far weights that were read back are from those that were written, over all tensors. */
public final class WeightDifference {

  private double squares;
  private double total;

  /** Adds a tensor; both arrays are of one shape and on one device. */
  public void add(NDArray stored, NDArray expected) {
    squares += stored.sub(expected).square().sum().getFloat();
    total += expected.square().sum().getFloat();
  }

  /** The length of the difference, relative to the length of what was expected. */
  public double relative() {
    return Math.sqrt(squares / total);
  }
}
