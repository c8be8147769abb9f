package dev.fare.examples.audit;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import dev.fare.data.ImageDataset;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * Some images of a data set, spread evenly over its classes and, in each class, over its images.
 */
public final class Selection implements ImageDataset {

  private final ImageDataset data;
  private final List<Integer> indices;
  private final List<String> classNames;

  private Selection(ImageDataset data, List<Integer> indices, List<String> classNames) {
    this.data = data;
    this.indices = List.copyOf(indices);
    this.classNames = List.copyOf(classNames);
  }

  /**
   * Images spread evenly over the classes and, in each class, over its images: no two classes
   * differ by more than one, as far as they have enough.
   *
   * @param count how many at most, at least 1
   */
  public static Selection of(ImageDataset data, int count) {
    checkArgument(count >= 1, "at least 1 image must be selected, got %s", count);
    if (count >= data.size()) {
      return new Selection(
          data, IntStream.range(0, data.size()).boxed().toList(), data.classNames());
    }
    Map<Integer, List<Integer>> classes = new LinkedHashMap<>();
    for (int image = 0; image < data.size(); image++) {
      classes.computeIfAbsent(data.label(image).orElse(0), key -> new ArrayList<>()).add(image);
    }
    int[] quotas = quotas(classes.values().stream().mapToInt(List::size).toArray(), count);
    List<Integer> chosen = new ArrayList<>();
    int next = 0;
    for (List<Integer> images : classes.values()) {
      int quota = quotas[next++];
      for (int i = 0; i < quota; i++) {
        chosen.add(images.get((int) ((long) i * images.size() / quota)));
      }
    }
    return new Selection(data, chosen.stream().sorted().toList(), data.classNames());
  }

  /**
   * The images of some indices, in this order.
   *
   * @param indices into the data set
   */
  public static Selection at(ImageDataset data, List<Integer> indices) {
    checkArgument(!indices.isEmpty(), "at least 1 image must be selected, got none");
    return new Selection(data, indices, data.classNames());
  }

  /** Shares a number out one by one in turn to those that have something left. */
  private static int[] quotas(int[] sizes, int count) {
    int[] quotas = new int[sizes.length];
    int left = count;
    while (left > 0) {
      for (int i = 0; i < sizes.length && left > 0; i++) {
        if (quotas[i] < sizes[i]) {
          quotas[i]++;
          left--;
        }
      }
    }
    return quotas;
  }

  /** The same images with other names of the classes. */
  public Selection renamed(UnaryOperator<String> names) {
    return new Selection(data, indices, classNames.stream().map(names).toList());
  }

  /** The indices into the whole data set, ascending. */
  public List<Integer> indices() {
    return indices;
  }

  /**
   * All images at once.
   *
   * @param imageSize side in pixels at which images are read
   * @return {@code [N,3,S,S]} float32 in [0,1], owned by the manager
   */
  public NDArray pixels(int imageSize, NDManager manager) throws IOException {
    FloatBuffer pixels = FloatBuffer.allocate(size() * 3 * imageSize * imageSize);
    for (int i = 0; i < size(); i++) {
      read(i, imageSize, pixels);
    }
    return manager.create(pixels.flip(), new Shape(size(), 3, imageSize, imageSize));
  }

  /**
   * The images' classes, {@code [N]} int64, owned by the manager.
   *
   * @throws java.util.NoSuchElementException if there are none
   */
  public NDArray labels(NDManager manager) {
    return manager.create(
        IntStream.range(0, size()).mapToLong(i -> label(i).orElseThrow()).toArray());
  }

  /**
   * The SHA-256 of all pixels as the models get them, in their order.
   *
   * @param imageSize side in pixels at which images are read
   */
  public String pixelHash(int imageSize) throws IOException {
    Hasher hasher = Hashing.sha256().newHasher();
    FloatBuffer pixels = FloatBuffer.allocate(3 * imageSize * imageSize);
    for (int image : indices) {
      data.read(image, imageSize, pixels.clear());
      for (float value : pixels.array()) {
        hasher.putFloat(value);
      }
    }
    return hasher.hash().toString();
  }

  @Override
  public int size() {
    return indices.size();
  }

  @Override
  public void read(int index, int imageSize, FloatBuffer target) throws IOException {
    data.read(indices.get(index), imageSize, target);
  }

  @Override
  public OptionalInt label(int index) {
    return data.label(indices.get(index));
  }

  @Override
  public List<String> classNames() {
    return classNames;
  }

  @Override
  public String description() {
    return size() == data.size()
        ? data.description()
        : "%d images (indices %s) of %s"
            .formatted(
                size(),
                Hashing.sha256()
                    .hashString(indices.toString(), StandardCharsets.UTF_8)
                    .toString()
                    .substring(0, 16),
                data.description());
  }
}
