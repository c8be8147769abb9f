package dev.fare.evaluation;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.common.collect.Lists;
import dev.fare.data.ImageDataset;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.stream.IntStream;

/** Brings images of a data set to the device, some at a time. */
final class ImageReader {

  private final ImageDataset data;
  private final int imageSize;

  ImageReader(ImageDataset data, int imageSize) {
    checkArgument(data.size() > 0, "there are no images in %s", data.description());
    this.data = data;
    this.imageSize = imageSize;
  }

  int size() {
    return data.size();
  }

  /** All images in the order of the data set, cut into batches. */
  List<List<Integer>> batches(int batchSize) {
    return Lists.partition(IntStream.range(0, size()).boxed().toList(), batchSize);
  }

  /** Pixels {@code [N,3,S,S]} of the images of the given indices, owned by the manager. */
  NDArray pixels(List<Integer> images, NDManager manager) {
    FloatBuffer pixels =
        FloatBuffer.allocate(
            Math.multiplyExact(images.size(), Math.multiplyExact(3, imageSize * imageSize)));
    for (int image : images) {
      try {
        data.read(image, imageSize, pixels);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return manager.create(pixels.flip(), new Shape(images.size(), 3, imageSize, imageSize));
  }

  /** The images' numbers, for attacks that draw their random numbers by them. */
  static long[] ids(List<Integer> images) {
    return images.stream().mapToLong(Integer::longValue).toArray();
  }
}
