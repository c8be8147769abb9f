package dev.fare.training;

import dev.fare.training.StepResult.Timings;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

/** Charges the time since the last lap to a part of the step. */
final class StepClock {

  enum Part {
    DATA,
    REFERENCE,
    ATTACK,
    GRADIENT,
    UPDATE
  }

  private final Map<Part, Duration> spent = new EnumMap<>(Part.class);
  private long last = System.nanoTime();

  void lap(Part part) {
    long now = System.nanoTime();
    spent.merge(part, Duration.ofNanos(now - last), Duration::plus);
    last = now;
  }

  Timings timings() {
    return new Timings(
        of(Part.DATA), of(Part.REFERENCE), of(Part.ATTACK), of(Part.GRADIENT), of(Part.UPDATE));
  }

  private Duration of(Part part) {
    return spent.getOrDefault(part, Duration.ZERO);
  }
}
