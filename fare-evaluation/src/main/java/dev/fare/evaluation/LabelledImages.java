package dev.fare.evaluation;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.data.ImageDataset;
import java.util.ArrayList;
import java.util.List;

/** Brings images of a labelled data set to the device, some at a time. */
final class LabelledImages {

  private final ImageReader images;
  private final List<Integer> labels;

  LabelledImages(ImageReader images) {
    this.images = images;
    this.labels = labels(images.data());
  }

  private static List<Integer> labels(ImageDataset data) {
    List<Integer> labels = new ArrayList<>(data.size());
    for (int i = 0; i < data.size(); i++) {
      int image = i;
      labels.add(
          data.label(i)
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "an accuracy needs labels, image %s of %s has none; without labels measure the embedding's drift"
                              .formatted(image, data.description()))));
    }
    return List.copyOf(labels);
  }

  /** How many classes have names. */
  int classNames() {
    return images.data().classNames().size();
  }

  int size() {
    return labels.size();
  }

  List<List<Integer>> batches(int batchSize) {
    return images.batches(batchSize);
  }

  List<Integer> labels() {
    return labels;
  }

  int label(int image) {
    return labels.get(image);
  }

  /** The images of the given indices; the arrays belong to the manager. */
  LabelledBatch read(List<Integer> chosen, NDManager manager) {
    long[] ids = ImageReader.ids(chosen);
    long[] chosenLabels = chosen.stream().mapToLong(labels::get).toArray();
    return new LabelledBatch(
        images.pixels(chosen, manager), manager.create(chosenLabels, new Shape(ids.length)), ids);
  }
}
