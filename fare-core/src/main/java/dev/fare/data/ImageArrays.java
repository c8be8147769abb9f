package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.image.UnreadableImageException;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.stream.IntStream;

/** Images of a data set as arrays on a device. */
public final class ImageArrays {

  private ImageArrays() {}

  /**
   * All images.
   *
   * @param imageSize side in pixels at which they are read
   * @return {@code [N,3,S,S]} float32 in [0,1], owned by the manager
   * @throws UnreadableImageException naming the file, if one can't be decoded
   */
  public static NDArray pixels(ImageDataset data, int imageSize, NDManager manager)
      throws IOException {
    return pixels(data, IntStream.range(0, data.size()).boxed().toList(), imageSize, manager);
  }

  /** The same of the images with these indices, in their order. */
  public static NDArray pixels(
      ImageDataset data, List<Integer> images, int imageSize, NDManager manager)
      throws IOException {
    FloatBuffer pixels = new ParallelImageReader(data, imageSize, 0).read(images);
    return manager.create(pixels, new Shape(images.size(), 3, imageSize, imageSize));
  }

  /**
   * The classes of all images.
   *
   * @return {@code [N]} int64, owned by the manager
   * @throws IllegalArgumentException naming an image that has none
   */
  public static NDArray labels(ImageDataset data, NDManager manager) {
    long[] labels = new long[data.size()];
    for (int image = 0; image < labels.length; image++) {
      checkArgument(data.label(image).isPresent(), "%s has no label", data.name(image));
      labels[image] = data.label(image).getAsInt();
    }
    return manager.create(labels, new Shape(labels.length));
  }
}
