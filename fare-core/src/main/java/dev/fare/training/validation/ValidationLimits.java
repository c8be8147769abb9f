package dev.fare.training.validation;

/**
 * What a trainer lets a validation use.
 *
 * @param loaderThreads that read and decode its images, 0 for the calling thread
 * @param batchSize images that are in memory together, at least 1
 * @param unreadableFraction of its images that may be unreadable, in [0,1]
 */
public record ValidationLimits(int loaderThreads, int batchSize, double unreadableFraction) {

  /** What holds where nobody says otherwise. */
  static final ValidationLimits DEFAULT = new ValidationLimits(0, 32, 0.01);

  /** Checks the batch size; the others are checked where they are used. */
  public ValidationLimits {
    if (batchSize < 1) {
      throw new IllegalArgumentException("batchSize must be at least 1, got " + batchSize);
    }
  }
}
