package dev.fare.training;

import dev.fare.ImageEncoder;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Measures when it is time to, and knows when early stopping is due. */
final class Validator {

  private static final String LATEST = "latest.";

  private final Validation validation;
  private final long every;
  private final @Nullable EarlyStop earlyStop;
  private Map<String, Double> latest = Map.of();
  private double best = Double.NaN;
  private int notBetter;

  Validator(Validation validation, long every, @Nullable EarlyStop earlyStop) {
    this.validation = validation;
    this.every = every;
    this.earlyStop = earlyStop;
  }

  /** What was measured after this many steps, empty if it is not time. */
  Optional<Map<String, Double>> measureIfDue(
      long step, TrainableEncoder encoder, ImageEncoder original) {
    if (step % every != 0) {
      return Optional.empty();
    }
    latest = new LinkedHashMap<>(measure(encoder, original));
    if (earlyStop != null) {
      judge(earlyStop);
    }
    return Optional.of(latest);
  }

  /** Files can't be read on an interrupted thread: the interruption waits until this is done. */
  private Map<String, Double> measure(TrainableEncoder encoder, ImageEncoder original) {
    boolean interrupted = Thread.interrupted();
    try {
      while (true) {
        try {
          return validation.measure(encoder, original);
        } catch (UncheckedIOException e) {
          if (!Thread.interrupted()) {
            throw e;
          }
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void judge(EarlyStop rule) {
    Double value = latest.get(rule.metric());
    if (value == null) {
      throw new IllegalStateException(
          "early stopping watches "
              + rule.metric()
              + ", and the validation measures "
              + latest.keySet());
    }
    boolean better = rule.isBetter(value, best);
    best = better ? value : best;
    notBetter = better ? 0 : notBetter + 1;
  }

  boolean isExhausted() {
    return earlyStop != null && notBetter >= earlyStop.patience();
  }

  Map<String, Double> latest() {
    return latest;
  }

  /** What a checkpoint must know for early stopping to go on, and for the summary. */
  Map<String, String> state() {
    Map<String, String> state = new LinkedHashMap<>();
    state.put("best", Double.toString(best));
    state.put("notBetter", Integer.toString(notBetter));
    latest.forEach((name, value) -> state.put(LATEST + name, Double.toString(value)));
    return state;
  }

  void restore(Map<String, String> state) {
    best = Double.parseDouble(state.getOrDefault("best", "NaN"));
    notBetter = Integer.parseInt(state.getOrDefault("notBetter", "0"));
    latest = new LinkedHashMap<>();
    state.forEach(
        (name, value) -> {
          if (name.startsWith(LATEST)) {
            latest.put(name.substring(LATEST.length()), Double.valueOf(value));
          }
        });
  }
}
