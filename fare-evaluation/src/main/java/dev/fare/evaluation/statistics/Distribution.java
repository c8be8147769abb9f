package dev.fare.evaluation.statistics;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.List;

/**
 * One number an image.
 *
 * @param values in the order of the images; at least one
 */
public record Distribution(List<Double> values) {

  /** Copies the values. */
  public Distribution {
    values = List.copyOf(values);
    checkArgument(!values.isEmpty(), "a distribution needs at least one value");
  }

  /** The arithmetic mean. */
  public double mean() {
    return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
  }

  /** The middle value. */
  public double median() {
    return quantile(0.5);
  }

  /**
   * The value that a share of the values does not exceed, interpolated linearly between neighbours
   * (R's type 7).
   *
   * @param share in [0,1]
   */
  public double quantile(double share) {
    checkArgument(share >= 0 && share <= 1, "a share must be in [0,1], got %s", share);
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    double position = share * (sorted.length - 1);
    int below = (int) Math.floor(position);
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  }
}
