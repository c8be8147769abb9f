package dev.fare.evaluation.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IntervalTest {

  /** Newcombe (1998), table I, method 3: the score interval without continuity correction. */
  @ParameterizedTest
  @CsvSource({
    "81, 263, 0.2553, 0.3662",
    "15, 148, 0.0624, 0.1605",
    "0, 20, 0, 0.1611",
    "1, 29, 0.0061, 0.1718",
    "29, 29, 0.8830, 1"
  })
  void agreesWithPublishedScoreIntervals(int successes, int total, double low, double high) {
    Interval interval = Interval.wilson95(successes, total);

    assertThat(interval.low()).isCloseTo(low, within(5e-5));
    assertThat(interval.high()).isCloseTo(high, within(5e-5));
  }

  @Property
  void holdsTheShareInsideTheUnitInterval(
      @ForAll @IntRange(min = 1, max = 5000) int total, @ForAll @IntRange(max = 5000) int drawn) {
    int successes = drawn % (total + 1);

    Interval interval = Interval.wilson95(successes, total);

    assertThat(interval.contains((double) successes / total)).isTrue();
    assertThat(interval.low()).isBetween(0.0, 1.0);
    assertThat(interval.high()).isBetween(0.0, 1.0);
  }

  @Property
  void isTheSetOfSharesThatTheScoreTestAccepts(
      @ForAll @IntRange(min = 2, max = 1000) int total, @ForAll @IntRange(max = 1000) int drawn) {
    int successes = 1 + drawn % (total - 1);
    double share = (double) successes / total;

    Interval interval = Interval.wilson95(successes, total);

    // at both ends the share is exactly 1.96 standard errors (of the end) away
    for (double end : new double[] {interval.low(), interval.high()}) {
      double errors = Math.abs(share - end) / Math.sqrt(end * (1 - end) / total);
      assertThat(errors).isCloseTo(1.959964, within(1e-5));
    }
  }

  @ParameterizedTest
  @CsvSource({"-1, 3", "4, 3", "0, 0"})
  void refusesImpossibleCounts(int successes, int total) {
    assertThatThrownBy(() -> Interval.wilson95(successes, total))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("got " + successes + " of " + total);
  }
}
