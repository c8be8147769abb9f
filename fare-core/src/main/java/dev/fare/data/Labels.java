package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkElementIndex;

import java.util.List;
import java.util.OptionalInt;

/** What data sets with one label an image have in common; an empty array means no labels. */
final class Labels {

  private Labels() {}

  /** Refuses labels that don't fit the images or the names. */
  static void check(int[] labels, int images, List<String> classNames) {
    checkArgument(
        labels.length == images, "%s images need as many labels, got %s", images, labels.length);
    for (int label : labels) {
      checkArgument(
          label >= 0 && label < classNames.size(),
          "label %s is not an index into the %s class names",
          label,
          classNames.size());
    }
  }

  static OptionalInt at(int[] labels, int index, int images) {
    checkElementIndex(index, images);
    return labels.length == 0 ? OptionalInt.empty() : OptionalInt.of(labels[index]);
  }
}
