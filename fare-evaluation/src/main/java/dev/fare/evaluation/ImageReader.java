package dev.fare.evaluation;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.common.collect.Lists;
import dev.fare.data.ImageDataset;
import dev.fare.data.ParallelImageReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.IntStream;

/** Brings images of a data set to the device, some at a time. */
public final class ImageReader {

  private final ParallelImageReader images;

  /**
   * Reads by so many threads.
   *
   * @param threads 0 for the calling thread
   */
  public ImageReader(ImageDataset data, int imageSize, int threads) {
    checkArgument(data.size() > 0, "there are no images in %s", data.description());
    images = new ParallelImageReader(data, imageSize, threads);
  }

  ImageDataset data() {
    return images.data();
  }

  public int size() {
    return images.data().size();
  }

  /** All images in the order of the data set, cut into batches. */
  public List<List<Integer>> batches(int batchSize) {
    return Lists.partition(IntStream.range(0, size()).boxed().toList(), batchSize);
  }

  /** Pixels {@code [N,3,S,S]} of the images of the given indices, owned by the manager. */
  public NDArray pixels(List<Integer> chosen, NDManager manager) {
    int side = images.imageSize();
    try {
      return manager.create(images.read(chosen), new Shape(chosen.size(), 3, side, side));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The images' numbers, for attacks that draw their random numbers by them. */
  public static long[] ids(List<Integer> images) {
    return images.stream().mapToLong(Integer::longValue).toArray();
  }
}
