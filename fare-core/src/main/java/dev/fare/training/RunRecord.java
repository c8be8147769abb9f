package dev.fare.training;

import dev.fare.data.UnreadableImages;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gathers what the summary of a run will say. */
final class RunRecord {

  private static final Logger LOG = LoggerFactory.getLogger(FareTrainer.class);
  private static final int RECENT = 100;

  private final TrainingSettings settings;
  private final Deque<StepResult> recent = new ArrayDeque<>();
  private final List<String> warnings = new ArrayList<>();
  private String data = "";
  private long firstStep;
  private long started;
  private long images;
  private long skipped;
  private int skippedInARow;

  RunRecord(TrainingSettings settings) {
    this.settings = settings;
  }

  /** Begins a call of {@code fit}. */
  void start(String description, long step) {
    data = description;
    firstStep = step;
    started = System.nanoTime();
    images = 0;
  }

  /** Goes on with what a checkpoint knew. */
  void restore(CheckpointState state) {
    data = state.data();
    skipped = state.skippedSteps();
  }

  void add(StepResult result) {
    images += result.images();
    if (result.skipped()) {
      return;
    }
    skippedInARow = 0;
    recent.addLast(result);
    if (recent.size() > RECENT) {
      recent.removeFirst();
    }
  }

  void skip(long step, String reason) {
    skipped++;
    skippedInARow++;
    warn("step " + step + " is left out: " + reason);
  }

  /** A warning is logged at once and is in the summary. */
  void warn(String warning) {
    warnings.add(warning);
    LOG.warn("{}", warning);
  }

  String data() {
    return data;
  }

  long skipped() {
    return skipped;
  }

  int skippedInARow() {
    return skippedInARow;
  }

  /** The last few updates, for a message. */
  List<StepResult> lastSteps() {
    List<StepResult> steps = List.copyOf(recent);
    return steps.subList(Math.max(0, steps.size() - 5), steps.size());
  }

  TrainingSummary summary(
      long lastStep, Map<String, Double> validation, UnreadableImages unreadable) {
    List<String> all = new ArrayList<>(warnings);
    if (unreadable.count() > 0) {
      all.add(unreadable.count() + " images could not be read and were left out");
    }
    return new TrainingSummary(
        settings,
        data,
        firstStep,
        lastStep,
        images,
        recent.stream().mapToDouble(StepResult::loss).average().orElse(Double.NaN),
        recent.stream().mapToDouble(StepResult::adversarialCosine).average().orElse(Double.NaN),
        validation,
        skipped,
        unreadable.count(),
        Duration.ofNanos(System.nanoTime() - started),
        all);
  }
}
