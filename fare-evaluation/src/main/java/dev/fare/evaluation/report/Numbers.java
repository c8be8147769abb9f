package dev.fare.evaluation.report;

import dev.fare.evaluation.statistics.Accuracy;
import dev.fare.evaluation.statistics.Interval;
import java.util.Locale;

/** How the report writes numbers. */
final class Numbers {

  private Numbers() {}

  /** A share as a percentage with one decimal, such as {@code 58.4 %}. */
  static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share).replace(' ', '\u202f');
  }

  /** An accuracy as a percentage. */
  static String percent(Accuracy accuracy) {
    return percent(accuracy.value());
  }

  /** A share as a whole percentage. */
  static String wholePercent(double share) {
    return Math.round(100 * share) + "\u202f%";
  }

  /** An interval in per cent, such as {@code 55.2–61.5}. */
  static String range(Interval interval) {
    return String.format(Locale.ROOT, "%.1f–%.1f", 100 * interval.low(), 100 * interval.high());
  }

  /** A difference of shares in percentage points, with its sign. */
  static String points(double difference) {
    return String.format(Locale.ROOT, "%+.1f points", 100 * difference).replace('-', '−');
  }

  /** Four significant digits at most, with an exponent where the number is small. */
  static String compact(double value) {
    if (value == 0) {
      return "0";
    }
    double size = Math.abs(value);
    if (size < 1e-3 || size >= 1e5) {
      return String.format(Locale.ROOT, "%.1e", value)
          .replaceAll("\\.0e", "e")
          .replaceAll("e([+-])0*", "e$1")
          .replace("e+", "e")
          .replace('-', '−');
    }
    String text =
        String.format(Locale.ROOT, size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : "%.3f", value);
    return text.contains(".") ? text.replaceAll("0+$", "").replaceAll("\\.$", "") : text;
  }

  /** A duration for people. */
  static String seconds(double seconds) {
    if (seconds < 60) {
      return String.format(Locale.ROOT, "%.1f s", seconds);
    }
    long whole = Math.round(seconds);
    return whole / 60 + " min " + whole % 60 + " s";
  }
}
