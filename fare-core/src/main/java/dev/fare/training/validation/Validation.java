package dev.fare.training.validation;

import ai.djl.ndarray.NDArray;
import dev.fare.Attack;
import dev.fare.ImageEncoder;
import dev.fare.data.ImageDataset;
import java.util.Map;

/** Measures the trained encoder between two updates. */
@FunctionalInterface
public interface Validation {

  /**
   * Measures.
   *
   * @param encoder as it is now; with the averaged weights where the trainer keeps an average
   * @param original as it was in the beginning
   * @return values by name, the same names every time
   */
  Map<String, Double> measure(ImageEncoder encoder, ImageEncoder original);

  /**
   * The same within a trainer's limits; this one where it has no use for them. The trainer asks
   * again, with a smaller batch size, when a device has run out of memory.
   */
  default Validation within(ValidationLimits limits) {
    return this;
  }

  /** How many of its images could not be read so far and are left out. */
  default int unreadableImages() {
    return 0;
  }

  /**
   * How close the embeddings are to the original's of the clean images: {@code clean_cosine} and,
   * under an attack on the squared distance, {@code adversarial_cosine}, each in the mean.
   *
   * @param images that training does not see
   */
  static Validation closeness(ImageDataset images, Attack attack) {
    return new ImageValidation(images, attack, new ClosenessScore());
  }

  /**
   * Zero-shot accuracy: {@code clean_accuracy} and {@code robust_accuracy}, in [0,1]. An image
   * counts as robust if its clean picture is classified rightly and what the attack on the
   * cross-entropy returns as its success is, too, as in {@code RobustnessEvaluation}; an image that
   * is wrong already is not attacked. A CLIP makes this of class names: {@code ClipModel.accuracy}.
   *
   * @param images labelled, that training does not see
   * @param classEmbeddings {@code [K,D]}, a row for each class; copied
   * @throws IllegalArgumentException if an image has no label, or one that is no row
   */
  static Validation accuracy(ImageDataset images, NDArray classEmbeddings, Attack attack) {
    AccuracyScore score = AccuracyScore.of(classEmbeddings);
    score.checkLabels(images);
    return new ImageValidation(images, attack, score);
  }
}
