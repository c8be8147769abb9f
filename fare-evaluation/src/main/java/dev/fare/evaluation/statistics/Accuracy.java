package dev.fare.evaluation.statistics;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * How many of the images are classified rightly.
 *
 * @param correct images that are right
 * @param total images counted, at least 1
 */
public record Accuracy(int correct, int total) {

  /** Checks the counts. */
  public Accuracy {
    checkArgument(
        total >= 1 && correct >= 0 && correct <= total,
        "an accuracy needs 0 <= correct <= total and at least one image, got %s of %s",
        correct,
        total);
  }

  /** The share of right images, in [0,1]. */
  public double value() {
    return (double) correct / total;
  }

  /** Wilson's 95 % interval of the share. */
  public Interval interval() {
    return Interval.wilson95(correct, total);
  }
}
