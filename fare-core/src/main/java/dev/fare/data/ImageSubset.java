package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkElementIndex;

import com.google.common.primitives.Ints;
import dev.fare.RandomStream;
import dev.fare.image.PixelImage;
import dev.fare.image.UnreadableImageException;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Some images of a data set. Labels stay as they are there. */
public final class ImageSubset implements ImageDataset {

  private static final long PURPOSE = 0x73706c69742d6f66L;

  /**
   * The two parts of a data set.
   *
   * @param first what is left when the second part is taken away
   * @param second the share that was asked for
   */
  public record Split(ImageSubset first, ImageSubset second) {}

  private final ImageDataset data;
  private final int[] indices;
  private final List<String> classNames;

  private ImageSubset(ImageDataset data, int[] indices, List<String> classNames) {
    this.data = data;
    this.indices = indices;
    this.classNames = List.copyOf(classNames);
  }

  /**
   * The images of some indices, in this order.
   *
   * @throws IllegalArgumentException if there are none
   */
  public static ImageSubset of(ImageDataset data, int... indices) {
    checkArgument(indices.length > 0, "no image of %s is left", data.description());
    for (int index : indices) {
      checkElementIndex(index, data.size());
    }
    return new ImageSubset(data, indices.clone(), data.classNames());
  }

  /** The images whose index fits. */
  public static ImageSubset where(ImageDataset data, IntPredicate isWanted) {
    return of(data, IntStream.range(0, data.size()).filter(isWanted).toArray());
  }

  /**
   * The images of some classes.
   *
   * @throws IllegalArgumentException if a name is not one of the data's
   */
  public static ImageSubset ofClasses(ImageDataset data, Collection<String> names) {
    Set<String> unknown = new HashSet<>(names);
    data.classNames().forEach(unknown::remove);
    checkArgument(
        unknown.isEmpty(), "there are no classes %s among %s", unknown, data.classNames());
    Set<Integer> wanted =
        names.stream().map(name -> data.classNames().indexOf(name)).collect(Collectors.toSet());
    return where(data, index -> data.label(index).stream().anyMatch(wanted::contains));
  }

  /** The first images, or all if there are not as many. */
  public static ImageSubset first(ImageDataset data, int size) {
    return where(data, index -> index < size);
  }

  /**
   * Images spread evenly over the classes and, in each class, over its images, in their order: no
   * two classes differ by more than one, as far as they have enough.
   *
   * @param size how many, at least 1; all if there are not as many
   */
  public static ImageSubset evenly(ImageDataset data, int size) {
    checkArgument(size >= 1, "at least 1 image must be taken, got %s", size);
    if (size >= data.size()) {
      return where(data, index -> true);
    }
    Map<Integer, List<Integer>> classes = new LinkedHashMap<>();
    for (int image = 0; image < data.size(); image++) {
      classes.computeIfAbsent(data.label(image).orElse(0), label -> new ArrayList<>()).add(image);
    }
    int[] quotas = quotas(classes.values().stream().mapToInt(List::size).toArray(), size);
    List<Integer> chosen = new ArrayList<>();
    int next = 0;
    for (List<Integer> images : classes.values()) {
      int quota = quotas[next++];
      for (int i = 0; i < quota; i++) {
        chosen.add(images.get((int) ((long) i * images.size() / quota)));
      }
    }
    return sorted(data, chosen);
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

  /**
   * Splits a data set class by class, each in the same proportion; as a whole where there are no
   * labels. A function of the seed.
   *
   * @param share of the second part, in (0,1); of a class at least one image goes to each part
   * @throws IllegalArgumentException if a class has one image only
   */
  public static Split split(ImageDataset data, double share, long seed) {
    checkArgument(share > 0 && share < 1, "the share must be in (0,1), got %s", share);
    List<Integer> first = new ArrayList<>();
    List<Integer> second = new ArrayList<>();
    int classes = Math.max(1, data.classNames().size());
    for (int label = 0; label < classes; label++) {
      int wanted = label;
      int[] members =
          IntStream.range(0, data.size())
              .filter(index -> data.label(index).orElse(0) == wanted)
              .toArray();
      if (members.length == 0) {
        continue; // a subset may have lost all images of a class
      }
      checkArgument(
          members.length > 1,
          "class %s of %s has one image, which can't be in both parts",
          data.classNames().isEmpty() ? "(none)" : data.classNames().get(label),
          data.description());
      int taken =
          Math.max(1, Math.min(members.length - 1, (int) Math.rint(share * members.length)));
      shuffle(members, new RandomStream(seed, PURPOSE, label));
      for (int i = 0; i < members.length; i++) {
        (i < taken ? second : first).add(members[i]);
      }
    }
    return new Split(sorted(data, first), sorted(data, second));
  }

  private static void shuffle(int[] values, RandomStream random) {
    for (int i = values.length - 1; i > 0; i--) {
      int other = random.below(i + 1);
      int kept = values[i];
      values[i] = values[other];
      values[other] = kept;
    }
  }

  private static ImageSubset sorted(ImageDataset data, List<Integer> indices) {
    return of(data, indices.stream().mapToInt(Integer::intValue).sorted().toArray());
  }

  /** The same images, their classes called otherwise. */
  public ImageSubset classNames(UnaryOperator<String> names) {
    return new ImageSubset(data, indices, classNames.stream().map(names).toList());
  }

  /** The images' indices in the data set that they are taken from. */
  public List<Integer> indices() {
    return Ints.asList(indices.clone());
  }

  /**
   * A picture as its file has it, before preparation; empty where the data set has none.
   *
   * @throws UnreadableImageException naming the file, if it can't be decoded
   */
  public Optional<PixelImage> picture(int index) throws IOException {
    if (data instanceof ImageSubset wider) {
      return wider.picture(indices[index]);
    }
    return data instanceof PictureDataset<?> pictures
        ? Optional.of(pictures.picture(indices[index]))
        : Optional.empty();
  }

  @Override
  public int size() {
    return indices.length;
  }

  @Override
  public void read(int index, int imageSize, FloatBuffer target) throws IOException {
    data.read(indices[index], imageSize, target);
  }

  @Override
  public OptionalInt label(int index) {
    return data.label(indices[index]);
  }

  @Override
  public String name(int index) {
    return data.name(indices[index]);
  }

  @Override
  public List<String> classNames() {
    return classNames;
  }

  @Override
  public ImageSubset atEpoch(long epoch) {
    return new ImageSubset(data.atEpoch(epoch), indices, classNames);
  }

  @Override
  public String description() {
    return isAll() ? data.description() : chosen() + data.description();
  }

  @Override
  public String identity() {
    return isAll() ? data.identity() : chosen() + data.identity();
  }

  private boolean isAll() {
    return Arrays.equals(indices, IntStream.range(0, data.size()).toArray());
  }

  private String chosen() {
    Fingerprint fingerprint = new Fingerprint();
    Arrays.stream(indices).forEach(fingerprint::add);
    return "%d images, indices %s, of ".formatted(size(), fingerprint.digits());
  }

  @Override
  public String toString() {
    return description();
  }
}
