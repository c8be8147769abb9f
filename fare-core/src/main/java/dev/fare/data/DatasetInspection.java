package dev.fare.data;

import com.google.common.hash.HashCode;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What is wrong with a data set, found by reading all of it: pictures that can't be read, pictures
 * that are there twice, classes without a picture.
 *
 * @param images number of images, the unreadable ones included
 * @param imagesOfClass how many of each class; empty without labels
 * @param unreadable names of images that can't be read, and why
 * @param duplicates names of images with the same pixels, each group in the order of the data
 */
public record DatasetInspection(
    int images,
    Map<String, Integer> imagesOfClass,
    Map<String, String> unreadable,
    List<List<String>> duplicates) {

  /** Copies. */
  public DatasetInspection {
    imagesOfClass = Map.copyOf(imagesOfClass);
    unreadable = Map.copyOf(unreadable);
    duplicates = duplicates.stream().map(List::copyOf).toList();
  }

  /**
   * Reads a data set.
   *
   * @param imageSize side at which images are compared, say the encoder's
   */
  public static DatasetInspection of(ImageDataset data, int imageSize) {
    Map<String, String> unreadable = new LinkedHashMap<>();
    Map<HashCode, List<String>> names = names(data, imageSize, unreadable);
    Map<String, Integer> ofClass = new TreeMap<>();
    data.classNames().forEach(name -> ofClass.put(name, 0));
    for (int i = 0; i < data.size(); i++) {
      data.label(i)
          .ifPresent(label -> ofClass.merge(data.classNames().get(label), 1, Integer::sum));
    }
    return new DatasetInspection(
        data.size(),
        ofClass,
        unreadable,
        names.values().stream().filter(group -> group.size() > 1).toList());
  }

  /**
   * Images that two data sets share, such as training and test; what can't be read is passed over.
   *
   * @return for each shared picture its names in the first, then in the second
   */
  public static List<List<String>> shared(ImageDataset first, ImageDataset second, int imageSize) {
    Map<HashCode, List<String>> known = names(first, imageSize, new LinkedHashMap<>());
    List<List<String>> shared = new ArrayList<>();
    names(second, imageSize, new LinkedHashMap<>())
        .forEach(
            (content, names) -> {
              List<String> group = new ArrayList<>(known.getOrDefault(content, List.of()));
              if (!group.isEmpty()) {
                group.addAll(names);
                shared.add(List.copyOf(group));
              }
            });
    return shared;
  }

  private static Map<HashCode, List<String>> names(
      ImageDataset data, int imageSize, Map<String, String> unreadable) {
    Map<HashCode, List<String>> names = new LinkedHashMap<>();
    FloatBuffer pixels = FloatBuffer.allocate(3 * imageSize * imageSize);
    for (int i = 0; i < data.size(); i++) {
      try {
        data.read(i, imageSize, pixels.clear());
      } catch (IOException e) {
        unreadable.put(data.name(i), String.valueOf(e.getMessage()));
        continue;
      }
      names.computeIfAbsent(hash(pixels.array()), content -> new ArrayList<>()).add(data.name(i));
    }
    return names;
  }

  private static HashCode hash(float[] pixels) {
    Hasher hasher = Hashing.murmur3_128().newHasher();
    for (float pixel : pixels) {
      hasher.putFloat(pixel);
    }
    return hasher.hash();
  }

  /** Classes without an image. */
  public List<String> emptyClasses() {
    return imagesOfClass.entrySet().stream()
        .filter(entry -> entry.getValue() == 0)
        .map(Map.Entry::getKey)
        .sorted()
        .toList();
  }

  /** What is wrong, a sentence each; empty where all is well. */
  public List<String> problems() {
    List<String> problems = new ArrayList<>();
    emptyClasses().forEach(name -> problems.add("class " + name + " has no image"));
    unreadable.values().stream().sorted().forEach(problems::add);
    duplicates.forEach(
        group -> problems.add("these are the same picture: " + String.join(", ", group)));
    return problems;
  }
}
