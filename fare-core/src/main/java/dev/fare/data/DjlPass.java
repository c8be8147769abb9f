package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.dataset.Batch;
import com.google.common.primitives.Ints;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Gathers the batches of a DJL data set in memory. */
final class DjlPass {

  private final String dataset;
  private final List<String> classNames;
  private final int maxImages;
  private final List<float[]> images = new ArrayList<>();
  private final List<Integer> labels = new ArrayList<>();
  private int imageSize;

  /**
   * Nothing yet.
   *
   * @param dataset what it is called in messages
   * @param classNames empty where labels are not wanted
   */
  DjlPass(String dataset, List<String> classNames, int maxImages) {
    this.dataset = dataset;
    this.classNames = classNames;
    this.maxImages = maxImages;
  }

  void add(Batch batch) {
    NDArray data = batch.getData().head();
    long[] shape = data.getShape().getShape();
    checkArgument(
        shape.length == 4, "%s gives %s, a batch must be [N,3,S,S]", dataset, data.getShape());
    int count = Math.toIntExact(shape[0]);
    checkArgument(
        count <= maxImages - images.size(),
        "%s gives more than the %s images that were said to fit into memory; raise maxImages, or"
            + " write the images to files and take ImageFolder",
        dataset,
        maxImages);
    imageSize = images.isEmpty() ? Math.toIntExact(shape[3]) : imageSize;
    float[] pixels = pixels(data, imageSize);
    int imageFloats = 3 * imageSize * imageSize;
    for (int i = 0; i < count; i++) {
      images.add(Arrays.copyOfRange(pixels, i * imageFloats, (i + 1) * imageFloats));
    }
    if (!classNames.isEmpty()) {
      addLabels(batch.getLabels(), count);
    }
  }

  private void addLabels(NDList found, int count) {
    long size = found.isEmpty() ? 0 : found.head().size();
    checkArgument(size == count, "%s gives %s labels for %s images", dataset, size, count);
    for (long label : found.head().toType(DataType.INT64, false).toLongArray()) {
      labels.add(Ints.saturatedCast(label));
    }
  }

  /**
   * What has been gathered.
   *
   * @throws IllegalArgumentException if that is nothing, or a label is none of the classes
   */
  InMemoryImages images() {
    checkArgument(!images.isEmpty(), "%s has no images", dataset);
    InMemoryImages gathered = InMemoryImages.ofChecked(images, imageSize);
    return classNames.isEmpty() ? gathered : gathered.labels(Ints.toArray(labels), classNames);
  }

  /**
   * The pixels of a batch as an encoder takes them.
   *
   * @throws IllegalArgumentException if they are not that, with what to do about it
   */
  static float[] pixels(NDArray batch, int imageSize) {
    long[] shape = batch.getShape().getShape();
    boolean fits =
        shape.length == 4 && shape[1] == 3 && shape[2] == imageSize && shape[3] == imageSize;
    checkArgument(
        fits,
        "the data set gives %s, the encoder takes [3,%s,%s]; add Resize and ToTensor to its pipeline",
        batch.getShape(),
        imageSize,
        imageSize);
    float[] pixels = batch.toType(DataType.FLOAT32, false).toFloatArray();
    for (float pixel : pixels) {
      checkArgument(
          pixel >= 0 && pixel <= 1,
          "pixels must be in [0,1], got %s; leave Normalize out, the encoder does that itself",
          pixel);
    }
    return pixels;
  }
}
