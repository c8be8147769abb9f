package dev.fare.evaluation;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.data.ImageDataset;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/** Brings images of a labelled data set to the device, some at a time. */
final class BatchReader {

  private final ImageDataset data;
  private final int imageSize;
  private final List<Integer> labels;

  BatchReader(ImageDataset data, int imageSize) {
    this.data = data;
    this.imageSize = imageSize;
    this.labels = labels(data);
  }

  private static List<Integer> labels(ImageDataset data) {
    checkArgument(data.size() > 0, "there are no images in %s", data.description());
    List<Integer> labels = new ArrayList<>(data.size());
    for (int i = 0; i < data.size(); i++) {
      int image = i;
      labels.add(
          data.label(i)
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "an accuracy needs labels, image %s of %s has none; without labels measure"
                                  .formatted(image, data.description())
                              + " the embedding's drift")));
    }
    return List.copyOf(labels);
  }

  int size() {
    return labels.size();
  }

  List<Integer> labels() {
    return labels;
  }

  int label(int image) {
    return labels.get(image);
  }

  /** The images of the given indices; the arrays belong to the manager. */
  LabelledBatch read(List<Integer> images, NDManager manager) {
    FloatBuffer pixels =
        FloatBuffer.allocate(
            Math.multiplyExact(images.size(), Math.multiplyExact(3, imageSize * imageSize)));
    long[] batchLabels = new long[images.size()];
    long[] ids = new long[images.size()];
    for (int row = 0; row < ids.length; row++) {
      int image = images.get(row);
      try {
        data.read(image, imageSize, pixels);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      ids[row] = image;
      batchLabels[row] = labels.get(image);
    }
    return new LabelledBatch(
        manager.create(pixels.flip(), new Shape(ids.length, 3, imageSize, imageSize)),
        manager.create(batchLabels, new Shape(ids.length)),
        ids);
  }
}
