package dev.fare.training;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What one update did.
 *
 * @param step how many updates there have been, this one included
 * @param loss the mean over the images
 * @param adversarialCosine mean cosine between the trained encoder's embedding of the adversarial
 *     image and the original's of the clean one
 * @param cleanCosine the same for the clean image; empty where it was not measured
 * @param learningRate in force for this update
 * @param gradientNorm the Euclidean length of the gradient over all weights, before clipping
 * @param images how many the update has seen
 * @param skipped whether the update was left out because its numbers were not finite or exploding,
 *     or because none of its images could be read; its numbers are NaN then
 * @param timings where the time went
 */
public record StepResult(
    long step,
    double loss,
    double adversarialCosine,
    OptionalDouble cleanCosine,
    double learningRate,
    double gradientNorm,
    int images,
    boolean skipped,
    Timings timings) {

  /** Checks that nothing is null. */
  public StepResult {
    requireNonNull(cleanCosine, "cleanCosine");
    requireNonNull(timings, "timings");
  }

  /** A step none of whose images can be read. */
  static StepResult withoutImages(long step, double learningRate, Timings timings) {
    return new StepResult(
        step,
        Double.NaN,
        Double.NaN,
        OptionalDouble.empty(),
        learningRate,
        Double.NaN,
        0,
        true,
        timings);
  }

  /** The names that {@link #metrics} may use, in their order. */
  public static List<String> metricNames() {
    return List.of(
        "loss",
        "adversarial_cosine",
        "clean_cosine",
        "learning_rate",
        "gradient_norm",
        "images_per_second",
        "skipped");
  }

  /** The numbers by name, for a table or a chart; without what was not measured. */
  public Map<String, Double> metrics() {
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put("loss", loss);
    metrics.put("adversarial_cosine", adversarialCosine);
    cleanCosine.ifPresent(cosine -> metrics.put("clean_cosine", cosine));
    metrics.put("learning_rate", learningRate);
    metrics.put("gradient_norm", gradientNorm);
    metrics.put("images_per_second", imagesPerSecond());
    metrics.put("skipped", skipped ? 1.0 : 0.0);
    return metrics;
  }

  /** Images trained on in a second of this step. */
  public double imagesPerSecond() {
    return images / Math.max(timings.total().toNanos() * 1e-9, 1e-9);
  }

  /**
   * Wall-clock times. On an accelerator work runs on after a call returns, so a part may be charged
   * to the next one; the total is right.
   *
   * @param data waiting for and uploading the images
   * @param reference the original encoder's forward
   * @param attack the search for adversarial images
   * @param gradient the training forward and backward
   * @param update the optimizer and the metrics
   */
  public record Timings(
      Duration data, Duration reference, Duration attack, Duration gradient, Duration update) {

    /** The sum. */
    public Duration total() {
      return data.plus(reference).plus(attack).plus(gradient).plus(update);
    }
  }
}
