package dev.fare.training;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gathers what the summary of a run will say. */
final class RunRecord {

  private static final Logger LOG = LoggerFactory.getLogger(RunRecord.class);
  private static final int RECENT = 100;

  private final TrainingSettings settings;
  private final String data;
  private final long firstStep;
  private final long started = System.nanoTime();
  private final Deque<StepResult> recent = new ArrayDeque<>();
  private final List<String> warnings = new ArrayList<>();
  private long images;
  private long skipped;

  RunRecord(TrainingSettings settings, String data, long firstStep) {
    this.settings = settings;
    this.data = data;
    this.firstStep = firstStep;
  }

  void add(StepResult result) {
    images += result.images();
    recent.addLast(result);
    if (recent.size() > RECENT) {
      recent.removeFirst();
    }
  }

  void skip(long step, String reason) {
    skipped++;
    warn("step " + step + " is left out: " + reason);
  }

  void warn(String warning) {
    warnings.add(warning);
    LOG.warn("{}", warning);
  }

  TrainingSummary summary(long lastStep, UnreadableImages unreadable) {
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
        skipped,
        unreadable.count(),
        Duration.ofNanos(System.nanoTime() - started),
        all);
  }
}
