package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntFunction;
import java.util.stream.LongStream;

/**
 * Labels as a list or archive writes them, names or numbers, and the classes that they mean.
 *
 * @param written one an image, or none at all
 * @param names of the classes
 * @param indices for each image its class
 * @param place names an image in errors
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record ClassLabels(
    List<String> written, List<String> names, int[] indices, IntFunction<String> place) {

  /** Whole numbers come in their own order, before names. */
  private static final Comparator<String> ORDER =
      Comparator.comparing(ClassLabels::number).thenComparing(Comparator.naturalOrder());

  /** A larger number is no class but an identifier, such as ImageNet's 02084071. */
  static final int MAX_NUMBERED = 100_000;

  /**
   * Labels that are all whole numbers are their own classes, from 0 to the largest, so that data
   * without an image of some class don't shift the others. Other labels are classes in their order.
   *
   * @throws IllegalArgumentException if some images have a label and some have none
   */
  static ClassLabels of(List<Optional<String>> labels, IntFunction<String> place) {
    List<String> written = labels.stream().flatMap(Optional::stream).map(String::strip).toList();
    if (written.isEmpty()) {
      return new ClassLabels(List.of(), List.of(), new int[0], place);
    }
    for (int i = 0; i < labels.size(); i++) {
      checkArgument(
          labels.get(i).isPresent() && !labels.get(i).get().isBlank(),
          "%s has no label, others have; give all images one, or none",
          place.apply(i));
    }
    return named(written, namesOf(written), place);
  }

  private static List<String> namesOf(List<String> written) {
    long largest = written.stream().mapToLong(ClassLabels::number).max().orElseThrow();
    return largest < MAX_NUMBERED
        ? LongStream.rangeClosed(0, largest).mapToObj(Long::toString).toList()
        : written.stream().distinct().sorted(ORDER).toList();
  }

  /** The same labels with the classes in another order; more classes than labels are fine. */
  ClassLabels withNames(List<String> newNames) {
    checkArgument(
        new HashSet<>(newNames).size() == newNames.size(),
        "class names must be distinct, got %s",
        newNames);
    return named(written, List.copyOf(newNames), place);
  }

  private static ClassLabels named(
      List<String> written, List<String> names, IntFunction<String> place) {
    Map<String, Integer> positions = new HashMap<>();
    names.forEach(name -> positions.put(name, positions.size()));
    int[] indices = new int[written.size()];
    for (int i = 0; i < indices.length; i++) {
      String label = written.get(i);
      long index = positions.containsKey(label) ? positions.get(label) : number(label);
      checkArgument(
          index < names.size(),
          "%s has the label %s, which is neither a name nor a number of the %s classes %s",
          place.apply(i),
          label,
          names.size(),
          names);
      indices[i] = (int) index;
    }
    return new ClassLabels(written, names, indices, place);
  }

  private static long number(String label) {
    boolean isNumber =
        !label.isEmpty()
            && label.length() <= 9
            && label.chars().allMatch(c -> c >= '0' && c <= '9');
    return isNumber ? Long.parseLong(label) : Long.MAX_VALUE;
  }

  OptionalInt at(int image) {
    return indices.length == 0 ? OptionalInt.empty() : OptionalInt.of(indices[image]);
  }
}
