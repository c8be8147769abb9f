package dev.fare.training;

import static java.util.Objects.requireNonNull;

/**
 * When validation says that going on is of no use.
 *
 * @param metric a name that the validation measures
 * @param higherIsBetter its direction
 * @param patience how many validations in a row may be no better than the best, at least 1
 */
public record EarlyStop(String metric, boolean higherIsBetter, int patience) {

  /** Checks the patience. */
  public EarlyStop {
    requireNonNull(metric, "metric");
    if (patience < 1) {
      throw new IllegalArgumentException("patience must be at least 1, got " + patience);
    }
  }

  /** Stops when a metric has not risen for so many validations. */
  public static EarlyStop whenNotRising(String metric, int patience) {
    return new EarlyStop(metric, true, patience);
  }

  /** Stops when a metric has not fallen for so many validations. */
  public static EarlyStop whenNotFalling(String metric, int patience) {
    return new EarlyStop(metric, false, patience);
  }

  boolean isBetter(double value, double best) {
    return Double.isNaN(best) || (higherIsBetter ? value > best : value < best);
  }
}
