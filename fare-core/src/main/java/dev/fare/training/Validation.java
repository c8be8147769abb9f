package dev.fare.training;

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
   * @param encoder as it is now
   * @param original as it was in the beginning
   * @return values by name, the same names every time
   */
  Map<String, Double> measure(TrainableEncoder encoder, ImageEncoder original);

  /**
   * The same with its images read and decoded by so many threads; this one where it reads none. The
   * trainer calls it with its own {@link FareTrainerBuilder#loaderThreads}.
   */
  default Validation withLoaderThreads(int threads) {
    return this;
  }

  /**
   * How close the embeddings are to the original's of the clean images: {@code clean_cosine} and,
   * under an attack on the squared distance, {@code adversarial_cosine}, each in the mean.
   *
   * @param images that training does not see
   */
  static Validation closeness(ImageDataset images, Attack attack) {
    return new ImageValidation(images, attack, null, 0);
  }

  /**
   * Zero-shot accuracy: {@code clean_accuracy} and, under an attack on the cross-entropy, {@code
   * robust_accuracy}, in [0,1].
   *
   * @param images labelled, that training does not see
   * @param classEmbeddings {@code [K,D]}, a row for each class, owned by the caller
   * @throws IllegalArgumentException if the images have no labels
   */
  static Validation accuracy(ImageDataset images, NDArray classEmbeddings, Attack attack) {
    if (images.size() > 0 && images.label(0).isEmpty()) {
      throw new IllegalArgumentException(
          "accuracy needs labels, and there are none: " + images.description());
    }
    return new ImageValidation(images, attack, classEmbeddings, 0);
  }
}
