package dev.fare.models.export;

import java.nio.file.Path;

/**
 * What was written.
 *
 * @param format of the file or directory
 * @param target where it is
 * @param difference between before and after, relative to the length of what was compared
 * @param compared what was compared
 */
public record Conversion(ModelFormat format, Path target, double difference, Compared compared) {

  /** What says that a conversion is right. */
  public enum Compared {
    /** What was written embedded an image, and so did the model before. */
    EMBEDDING,
    /** The weights were read back from the file. It was not run: this library can't. */
    WEIGHTS
  }
}
