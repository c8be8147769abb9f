package dev.fare.data;

import dev.fare.image.UnreadableImageException;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.OptionalInt;

/**
 * Images in a fixed order, read one at a time; any thread may read. The order of an epoch is not
 * the data set's: a training shuffles.
 */
public interface ImageDataset {
  /** Number of images. */
  int size();

  /**
   * Writes one image as {@code [3, imageSize, imageSize]} float32 in [0,1] at the target's
   * position, which moves on by as many floats.
   *
   * @param index in {@code [0, size())}
   * @param imageSize side of the square the encoder takes, in pixels
   * @throws UnreadableImageException naming the file, if it can't be decoded
   */
  void read(int index, int imageSize, FloatBuffer target) throws IOException;

  /**
   * The class of an image, an index into {@link #classNames()}; empty where there are no labels.
   */
  default OptionalInt label(int index) {
    return OptionalInt.empty();
  }

  /** What to call an image in messages: its file where it has one. */
  default String name(int index) {
    return "image " + index;
  }

  /**
   * The same images as a training epoch sees them: augmented afresh in each where the data set
   * augments, as they are otherwise.
   *
   * @param epoch counted from 0
   */
  default ImageDataset atEpoch(long epoch) {
    return this;
  }

  /** Names of the classes; empty where there are no labels. */
  default List<String> classNames() {
    return List.of();
  }

  /** What the images are, for the record of a training run: origin, number, fingerprint. */
  String description();

  /**
   * What decides the pixels and the labels, wherever the data lie: number, names within the data,
   * sizes or pixels, labels, preparation. A run or a journal goes on, and kept embeddings of an
   * original are used, where the identity is the one of before; so data may move to another folder
   * or machine.
   *
   * <p>The description unless a data set knows better.
   */
  default String identity() {
    return description();
  }
}
