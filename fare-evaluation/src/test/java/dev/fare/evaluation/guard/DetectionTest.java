package dev.fare.evaluation.guard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fare.evaluation.statistics.Accuracy;
import dev.fare.evaluation.statistics.Distribution;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class DetectionTest {

  private static Detection detection(List<Double> clean, List<Double> attacked) {
    return new Detection(new Distribution(clean), new Distribution(attacked));
  }

  @Test
  void theAreaIsTheProbabilityThatAnAttackedInputScoresHigher() {
    assertThat(detection(List.of(1.0, 2.0), List.of(3.0, 4.0)).auroc()).isEqualTo(1);
    assertThat(detection(List.of(3.0, 4.0), List.of(1.0, 2.0)).auroc()).isZero();
    assertThat(detection(List.of(1.0, 1.0), List.of(1.0)).auroc()).isEqualTo(0.5);
    // 1.5 + 2.5 + 3 of 9 pairs
    assertThat(detection(List.of(1.0, 2.0, 3.0), List.of(2.0, 3.0, 4.0)).auroc())
        .isCloseTo(7.0 / 9, within(1e-15));
  }

  @Property
  void theAreaIsTheAreaUnderTheRocCurve(
      @ForAll @Size(min = 1, max = 30) List<@IntRange(min = 0, max = 9) Integer> clean,
      @ForAll @Size(min = 1, max = 30) List<@IntRange(min = 0, max = 9) Integer> attacked) {
    Detection detection = detection(doubles(clean), doubles(attacked));

    // trapezoids between the points that each threshold gives
    double area = 0;
    double falseAlarms = 1;
    double detected = 1;
    for (int threshold = 0; threshold <= 9; threshold++) {
      double nextFalse = detection.falseAlarms(threshold).value();
      double nextDetected = detection.detected(threshold).value();
      area += (falseAlarms - nextFalse) * (detected + nextDetected) / 2;
      falseAlarms = nextFalse;
      detected = nextDetected;
    }

    assertThat(detection.auroc()).isCloseTo(area, within(1e-12));
  }

  private static List<Double> doubles(List<Integer> values) {
    return values.stream().map(Integer::doubleValue).toList();
  }

  @Test
  void theThresholdKeepsTheFalseAlarmRateForTheNextCleanInput() {
    double[] nine = {9, 1, 8, 2, 7, 3, 6, 4, 5};

    assertThat(Detection.threshold(nine, 0.1)).isEqualTo(9);
    assertThat(Detection.threshold(nine, 0.2)).isEqualTo(8);
    assertThat(Detection.threshold(nine, 0.5)).isEqualTo(5);
    assertThatThrownBy(() -> Detection.threshold(nine, 0.01))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a false-alarm rate of 0.01 needs at least 99 clean images, got 9");
    assertThatThrownBy(() -> Detection.threshold(nine, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("must be in (0,1), got 1.0");
  }

  /** Leaves each of n+1 scores out in turn: exactly the promised share raises an alarm. */
  @Property
  void thePromiseHoldsWhenAnyOfTheInputsIsTheNextOne(
      @ForAll @IntRange(min = 5, max = 60) int size,
      @ForAll @IntRange(min = 1, max = 9) int tenths) {
    double rate = tenths / 10.0;
    if ((size - 1) * rate < 1 - rate) {
      return;
    }
    int alarms = 0;
    for (int left = 0; left < size; left++) {
      double[] others = new double[size - 1];
      for (int i = 0; i < others.length; i++) {
        others[i] = i < left ? i : i + 1;
      }
      alarms += left > Detection.threshold(others, rate) ? 1 : 0;
    }

    assertThat(alarms).isEqualTo((int) Math.floor(size * rate + 1e-9));
  }

  @Test
  void countsAlarmsAboveTheThreshold() {
    Detection detection = detection(List.of(1.0, 2.0, 3.0), List.of(2.0, 3.0, 4.0, 5.0));

    assertThat(detection.falseAlarms(2)).isEqualTo(new Accuracy(1, 3));
    assertThat(detection.detected(2)).isEqualTo(new Accuracy(3, 4));
  }
}
