package dev.fare.training;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;

/**
 * What came of a run.
 *
 * @param settings what was asked for
 * @param data what it was trained on
 * @param firstStep updates that had been made before, above 0 where a run went on
 * @param lastStep updates made in all
 * @param images trained on by this call
 * @param finalLoss the mean over the last 100 updates, NaN where there was none
 * @param finalAdversarialCosine the same for the adversarial cosine
 * @param skippedSteps updates left out because of their numbers, or because no image was readable
 * @param unreadableImages different images that could not be read
 * @param duration of this call
 * @param warnings what was not as asked: images skipped, updates left out, and the like
 */
public record TrainingSummary(
    TrainingSettings settings,
    String data,
    long firstStep,
    long lastStep,
    long images,
    double finalLoss,
    double finalAdversarialCosine,
    long skippedSteps,
    long unreadableImages,
    Duration duration,
    List<String> warnings) {

  /** Checks that nothing is null. */
  public TrainingSummary {
    requireNonNull(settings, "settings");
    requireNonNull(data, "data");
    requireNonNull(duration, "duration");
    warnings = List.copyOf(warnings);
  }

  /** Whether the run has made all its updates, rather than being cancelled. */
  public boolean isComplete() {
    return lastStep >= settings.steps();
  }
}
