package dev.fare.evaluation.statistics;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * A closed interval.
 *
 * @param low the lower end
 * @param high the upper end, not below {@code low}
 */
public record Interval(double low, double high) {

  /** The 97.5 % point of the standard normal distribution. */
  private static final double Z_95 = 1.959963984540054;

  /** Checks the order of the ends. */
  public Interval {
    checkArgument(low <= high, "an interval needs low <= high, got [%s, %s]", low, high);
  }

  /**
   * Wilson's score interval for a proportion, at 95 %: unlike the textbook's ±1.96 standard errors
   * it stays in [0,1] and does not collapse where all or none succeed (Wilson, 1927).
   *
   * @param successes at most {@code total}
   * @param total at least 1
   */
  public static Interval wilson95(int successes, int total) {
    checkArgument(
        total >= 1 && successes >= 0 && successes <= total,
        "successes must be in [0, total] and total at least 1, got %s of %s",
        successes,
        total);
    double p = (double) successes / total;
    double z2 = Z_95 * Z_95;
    double center = (p + z2 / (2 * total)) / (1 + z2 / total);
    double half = Z_95 / (1 + z2 / total) * Math.sqrt((p * (1 - p) + z2 / (4.0 * total)) / total);
    double low = successes == 0 ? 0 : Math.max(0, center - half);
    double high = successes == total ? 1 : Math.min(1, center + half);
    return new Interval(low, high);
  }

  /** Whether a value lies between the ends or on one. */
  public boolean contains(double value) {
    return low <= value && value <= high;
  }
}
