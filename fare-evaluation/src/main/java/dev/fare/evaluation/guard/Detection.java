package dev.fare.evaluation.guard;

import static com.google.common.base.Preconditions.checkArgument;

import dev.fare.evaluation.statistics.Accuracy;
import dev.fare.evaluation.statistics.Distribution;
import java.util.Arrays;

/**
 * How well a score tells attacked inputs from clean ones; high scores mean attacked.
 *
 * @param clean scores of clean inputs; at least one
 * @param attacked scores of attacked inputs; at least one
 */
public record Detection(Distribution clean, Distribution attacked) {

  /**
   * The area under the ROC curve: how probably a random attacked input scores higher than a random
   * clean one, where a tie counts half. 0.5 is guessing.
   */
  public double auroc() {
    double[] sorted = clean.values().stream().mapToDouble(Double::doubleValue).sorted().toArray();
    double wins = 0;
    for (double score : attacked.values()) {
      wins += 0.5 * (countBelow(sorted, score, false) + countBelow(sorted, score, true));
    }
    return wins / ((double) sorted.length * attacked.values().size());
  }

  /** How many sorted values are below, or at most, a value. */
  private static int countBelow(double[] sorted, double value, boolean orEqual) {
    int low = 0;
    int high = sorted.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sorted[middle] < value || (orEqual && sorted[middle] == value)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The share of attacked inputs whose score exceeds a threshold. */
  public Accuracy detected(double threshold) {
    return above(attacked, threshold);
  }

  /** The share of clean inputs whose score exceeds a threshold. */
  public Accuracy falseAlarms(double threshold) {
    return above(clean, threshold);
  }

  private static Accuracy above(Distribution scores, double threshold) {
    long above = scores.values().stream().filter(score -> score > threshold).count();
    return new Accuracy((int) above, scores.values().size());
  }

  /**
   * The smallest threshold that keeps the promise of a false-alarm rate for the next clean input,
   * if it is of the kind of these: the ⌈(n+1)(1−rate)⌉-th smallest of n clean scores (split
   * conformal prediction).
   *
   * @param cleanScores of inputs that nothing was fitted on
   * @param falseAlarmRate in (0,1)
   * @throws IllegalArgumentException if there are too few scores for so small a rate
   */
  public static double threshold(double[] cleanScores, double falseAlarmRate) {
    checkArgument(
        falseAlarmRate > 0 && falseAlarmRate < 1,
        "a false-alarm rate must be in (0,1), got %s",
        falseAlarmRate);
    double[] sorted = cleanScores.clone();
    Arrays.sort(sorted);
    // a hair less, so that (9+1)·(1−0.1) is 9 and not 9.000000000000001
    int rank = (int) Math.ceil((sorted.length + 1) * (1 - falseAlarmRate) - 1e-9);
    checkArgument(
        rank <= sorted.length,
        "a false-alarm rate of %s needs at least %s clean images, got %s",
        falseAlarmRate,
        (int) Math.ceil(1 / falseAlarmRate - 1 - 1e-9),
        sorted.length);
    return sorted[rank - 1];
  }
}
