package dev.fare.evaluation;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.common.collect.Lists;
import dev.fare.data.ImageArrays;
import dev.fare.data.ImageDataset;
import java.io.IOException;
import java.io.UncheckedIOException;
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
    try {
      return ImageArrays.pixels(data, images, imageSize, manager);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The images' numbers, for attacks that draw their random numbers by them. */
  static long[] ids(List<Integer> images) {
    return images.stream().mapToLong(Integer::longValue).toArray();
  }
}
