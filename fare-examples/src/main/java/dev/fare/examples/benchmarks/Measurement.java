package dev.fare.examples.benchmarks;

import dev.fare.examples.benchmarks.InterleavedTimer.Timing;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One row of the table.
 *
 * @param row what was measured, and against what
 * @param value the ratio, a median over rounds
 * @param lowest of any round
 * @param highest of any round
 * @param target what it must reach
 * @param details the absolute numbers behind it, by name and unit
 */
record Measurement(
    String row,
    double value,
    double lowest,
    double highest,
    Target target,
    Map<String, Double> details) {

  /** Copies the details in their order. */
  Measurement {
    details = new LinkedHashMap<>(details);
  }

  /** How long the first candidate took as a multiple of how long the second did. */
  static Measurement speedOf(String row, Timing reference, Timing ours, Target target) {
    Map<String, Double> details = new LinkedHashMap<>();
    details.put(reference.name() + ", ms", reference.millis());
    details.put(ours.name() + ", ms", ours.millis());
    return new Measurement(
        row, 1 / ours.ratio(), 1 / ours.highest(), 1 / ours.lowest(), target, details);
  }

  Measurement with(String name, double detail) {
    Map<String, Double> more = new LinkedHashMap<>(details);
    more.put(name, detail);
    return new Measurement(row, value, lowest, highest, target, more);
  }

  boolean isTargetMet() {
    return target.isMetBy(value);
  }

  /** All of it, for a file. */
  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("row", row);
    map.put("value", value);
    map.put("lowest", lowest);
    map.put("highest", highest);
    map.put("target", target.toString());
    map.put("met", isTargetMet());
    map.put("details", details);
    return map;
  }
}
