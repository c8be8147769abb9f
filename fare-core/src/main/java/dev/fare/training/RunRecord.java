package dev.fare.training;

import dev.fare.data.ImageDataset;
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
  private String dataIdentity = "";
  private long firstStep;
  private long started;
  private long images;
  private long skipped;
  private int skippedInARow;

  RunRecord(TrainingSettings settings) {
    this.settings = settings;
  }

  /**
   * Begins a call of {@code fit}.
   *
   * @throws IllegalStateException if the run has begun on other data
   */
  void start(ImageDataset trainedOn, long step) {
    String identity = trainedOn.identity();
    if (step > 0 && !dataIdentity.isEmpty() && !dataIdentity.equals(identity)) {
      throw new IllegalStateException(
          "the run began on other data: "
              + dataIdentity
              + ", now "
              + identity
              + " ("
              + trainedOn.description()
              + "). Go on with those, or start another run");
    }
    data = trainedOn.description();
    dataIdentity = identity;
    firstStep = step;
    started = System.nanoTime();
    images = 0;
  }

  /** Goes on with what a checkpoint knew. */
  void restore(CheckpointState state) {
    dataIdentity = state.data();
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

  /** What was trained on, wherever it lies; empty where the host brings the batches. */
  String dataIdentity() {
    return dataIdentity;
  }

  long skipped() {
    return skipped;
  }

  int skippedInARow() {
    return skippedInARow;
  }

  /** The losses of the last few updates, for a message. */
  List<Double> lastLosses() {
    List<Double> losses = recent.stream().map(StepResult::loss).toList();
    return losses.subList(Math.max(0, losses.size() - 5), losses.size());
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
