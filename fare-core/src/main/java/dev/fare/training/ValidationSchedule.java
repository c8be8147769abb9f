package dev.fare.training;

import ai.djl.ndarray.NDArray;
import dev.fare.ImageEncoder;
import dev.fare.torch.MicroBatch;
import dev.fare.training.validation.EarlyStop;
import dev.fare.training.validation.Validation;
import dev.fare.training.validation.ValidationLimits;
import dev.fare.training.weights.BestWeights;
import dev.fare.training.weights.WeightAverage;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Measures when it is time to, and knows when early stopping is due and what was best. */
final class ValidationSchedule implements Closeable {

  private static final Validation NOTHING = (encoder, original) -> Map.of();
  private static final Logger LOG = LoggerFactory.getLogger(FareTrainer.class);
  private static final String LATEST = "latest.";
  private static final String BEST = "best.";
  private static final String KEEPS_BEST = "keepsBest";

  private final long every;
  private final @Nullable EarlyStop earlyStop;
  private final @Nullable WeightAverage average;
  private final @Nullable BestWeights bestWeights;
  private final MicroBatch microBatch;
  private final RunState run;
  private Validation validation;
  private ValidationLimits limits;
  private Map<String, Double> latest = Map.of();
  private Map<String, Double> best = Map.of();
  private long bestStep;
  private int notBetter;
  private int unreadable;
  private boolean restored;

  /**
   * Nothing measured yet.
   *
   * @param trained the weights that change
   * @param average what is measured in their place, null without
   */
  ValidationSchedule(
      TrainerOptions<?> asked,
      Map<String, NDArray> trained,
      @Nullable WeightAverage average,
      MicroBatch microBatch,
      RunState run) {
    limits =
        new ValidationLimits(asked.loaderThreads, microBatch.images(), asked.unreadableFraction);
    validation = (asked.validation == null ? NOTHING : asked.validation).within(limits);
    every = asked.validation == null ? Long.MAX_VALUE : asked.validateEvery;
    earlyStop = asked.earlyStop;
    this.average = average;
    this.microBatch = microBatch;
    this.run = run;
    bestWeights =
        earlyStop != null && earlyStop.restoresBest()
            ? new BestWeights(average == null ? trained : average.averages())
            : null;
  }

  /** What was measured after this many steps, empty if it is not time. */
  Optional<Map<String, Double>> measureIfDue(
      long step, TrainableEncoder encoder, ImageEncoder original) {
    if (step % every != 0) {
      return Optional.empty();
    }
    latest =
        average == null
            ? measure(step, encoder, original)
            : average.inPlace(() -> measure(step, encoder, original));
    LOG.info("validation after step {}: {}", step, latest);
    if (validation.unreadableImages() > unreadable) {
      unreadable = validation.unreadableImages();
      run.warn(unreadable + " images of the validation can't be read and are left out");
    }
    if (earlyStop != null) {
      judge(earlyStop, step);
    }
    return Optional.of(latest);
  }

  private Map<String, Double> measure(long step, TrainableEncoder encoder, ImageEncoder original) {
    return new LinkedHashMap<>(
        microBatch.fit(
            Long.MAX_VALUE,
            "the validation after step " + step,
            images -> uninterrupted(within(images), encoder, original)));
  }

  private Validation within(int images) {
    if (images != limits.batchSize()) {
      limits = new ValidationLimits(limits.loaderThreads(), images, limits.unreadableFraction());
      validation = validation.within(limits);
    }
    return validation;
  }

  /** Files can't be read on an interrupted thread: the interruption waits until this is done. */
  private static Map<String, Double> uninterrupted(
      Validation validation, TrainableEncoder encoder, ImageEncoder original) {
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

  private void judge(EarlyStop rule, long step) {
    Double value = latest.get(rule.metric());
    if (value == null) {
      throw new IllegalStateException(
          "early stopping watches "
              + rule.metric()
              + ", and the validation measures "
              + latest.keySet());
    }
    if (!rule.isBetter(value, best.getOrDefault(rule.metric(), Double.NaN))) {
      notBetter++;
      return;
    }
    notBetter = 0;
    best = latest;
    bestStep = step;
    if (bestWeights != null) {
      bestWeights.keep();
    }
  }

  boolean isExhausted() {
    return earlyStop != null && notBetter >= earlyStop.patience();
  }

  /**
   * Puts the best weights in the place of the last ones, where that is asked for.
   *
   * @param step the last
   * @return whether the weights have changed
   */
  boolean restoreBest(long step) {
    if (bestWeights == null || bestStep == 0 || bestStep == step || restored) {
      return false;
    }
    bestWeights.restore();
    restored = true;
    run.warn(
        "the weights are those of step " + bestStep + ", the best validation's, not the last ones");
    return true;
  }

  /** What was measured of the weights as they are at the end. */
  Map<String, Double> result() {
    return restored ? best : latest;
  }

  /** Copies of the best weights, for a checkpoint; empty where nobody wants them back. */
  Map<String, NDArray> tensors() {
    return bestWeights == null ? Map.of() : bestWeights.copies();
  }

  /** What a checkpoint must know for early stopping and the summary to go on. */
  Map<String, String> state() {
    Map<String, String> state = new LinkedHashMap<>();
    state.put("notBetter", Integer.toString(notBetter));
    state.put(KEEPS_BEST, Boolean.toString(bestWeights != null));
    state.put("bestStep", Long.toString(bestStep));
    best.forEach((name, value) -> state.put(BEST + name, value.toString()));
    latest.forEach((name, value) -> state.put(LATEST + name, value.toString()));
    return state;
  }

  /**
   * Where the best weights are asked for and were not kept, the search for them starts anew.
   *
   * @throws IOException if a number is none
   */
  void restore(Map<String, String> state) throws IOException {
    try {
      restoreNumbers(state);
    } catch (NumberFormatException e) {
      throw new IOException("its validation is damaged: " + e.getMessage(), e);
    }
  }

  private void restoreNumbers(Map<String, String> state) {
    latest = values(state, LATEST);
    if (bestWeights != null && !Boolean.parseBoolean(state.get(KEEPS_BEST))) {
      return;
    }
    notBetter = Integer.parseInt(state.getOrDefault("notBetter", "0"));
    bestStep = Long.parseLong(state.getOrDefault("bestStep", "0"));
    best = values(state, BEST);
  }

  private static Map<String, Double> values(Map<String, String> state, String prefix) {
    Map<String, Double> values = new LinkedHashMap<>();
    state.forEach(
        (name, value) -> {
          if (name.startsWith(prefix)) {
            values.put(name.substring(prefix.length()), Double.valueOf(value));
          }
        });
    return values;
  }

  @Override
  public void close() {
    if (bestWeights != null) {
      bestWeights.close();
    }
  }
}
