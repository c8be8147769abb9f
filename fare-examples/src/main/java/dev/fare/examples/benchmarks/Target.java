package dev.fare.examples.benchmarks;

import java.util.Locale;

/**
 * What a measured ratio must reach.
 *
 * @param bound the number
 * @param isAtLeast whether the ratio must not be below it, or not above
 * @param isShare whether it reads as a percentage
 */
record Target(double bound, boolean isAtLeast, boolean isShare) {

  static Target shareOfAtLeast(double bound) {
    return new Target(bound, true, true);
  }

  static Target shareOfAtMost(double bound) {
    return new Target(bound, false, true);
  }

  static Target timesAtLeast(double bound) {
    return new Target(bound, true, false);
  }

  static Target timesAtMost(double bound) {
    return new Target(bound, false, false);
  }

  boolean isMetBy(double value) {
    return isAtLeast ? value >= bound : value <= bound;
  }

  /** A value as people read it: {@code 92.3 %} or {@code 1.25×}. */
  String format(double value) {
    return isShare
        ? String.format(Locale.ROOT, "%.1f %%", 100 * value)
        : String.format(Locale.ROOT, "%.2f×", value);
  }

  @Override
  public String toString() {
    return (isAtLeast ? "≥ " : "≤ ") + format(bound);
  }
}
