package dev.fare.training.validation;

import static java.util.Objects.requireNonNull;

/**
 * When validation says that going on is of no use.
 *
 * @param metric a name that the validation measures
 * @param higherIsBetter its direction
 * @param patience how many validations in a row may be no better than the best, at least 1
 * @param restoresBest whether the weights are those of the best validation when {@code fit} has
 *     ended, see {@link #restoreBest}; otherwise they are the last ones
 */
public record EarlyStop(String metric, boolean higherIsBetter, int patience, boolean restoresBest) {

  /** Checks the patience. */
  public EarlyStop {
    requireNonNull(metric, "metric");
    if (patience < 1) {
      throw new IllegalArgumentException("patience must be at least 1, got " + patience);
    }
  }

  /** Stops when a metric has not risen for so many validations. */
  public static EarlyStop whenNotRising(String metric, int patience) {
    return new EarlyStop(metric, true, patience, false);
  }

  /** Stops when a metric has not fallen for so many validations. */
  public static EarlyStop whenNotFalling(String metric, int patience) {
    return new EarlyStop(metric, false, patience, false);
  }

  /**
   * Whether, when the run has stopped early or made all its steps, the weights of the best
   * validation take the place of the last ones: in the encoder, or, where the trainer keeps an
   * average, in {@code FareTrainer.averagedEncoder}. Costs the memory of one more copy of the
   * trained weights, which is in the checkpoints, too. A run that is cancelled keeps its weights.
   */
  public EarlyStop restoreBest(boolean restoreBest) {
    return new EarlyStop(metric, higherIsBetter, patience, restoreBest);
  }

  public boolean isBetter(double value, double best) {
    return Double.isNaN(best) || (higherIsBetter ? value > best : value < best);
  }
}
