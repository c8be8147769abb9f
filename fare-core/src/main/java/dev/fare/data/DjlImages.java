package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkElementIndex;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.dataset.Sampler;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * A DJL data set as it is, its pipeline included: the first array of a record is the image, {@code
 * [3,S,S]} in [0,1] as {@code Resize} and {@code ToTensor} make it; the first label, a whole
 * number, its class where class names are given.
 *
 * <p>Many threads may read if the data set's own {@code get} allows that; DJL's image folders do.
 */
public final class DjlImages implements ImageDataset {

  /** No class of this image has been read yet. */
  private static final int UNKNOWN = -1;

  private final RandomAccessDataset dataset;
  private final int size;
  private final String origin;
  private final List<String> classNames;
  private final AtomicIntegerArray labels;

  private DjlImages(RandomAccessDataset dataset, int size, String origin, List<String> classNames) {
    this.dataset = dataset;
    this.size = size;
    this.origin = origin;
    this.classNames = classNames;
    labels = new AtomicIntegerArray(size);
    for (int i = 0; i < size; i++) {
      labels.set(i, UNKNOWN);
    }
  }

  /**
   * Images without labels.
   *
   * @param dataset prepared, if it needs to be
   * @param origin what it is, for descriptions and messages
   */
  public static DjlImages of(RandomAccessDataset dataset, String origin) {
    long size = dataset.size();
    checkArgument(
        size > 0 && size <= Integer.MAX_VALUE, "%s has %s images, which can't be", origin, size);
    return new DjlImages(dataset, (int) size, origin, List.of());
  }

  /** The same with labels, indices into the names. */
  public DjlImages classNames(List<String> names) {
    checkArgument(!names.isEmpty(), "labels need class names");
    return new DjlImages(dataset, size, origin, List.copyOf(names));
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public String name(int index) {
    return "image " + index + " of " + origin;
  }

  @Override
  public void read(int index, int imageSize, FloatBuffer target) throws IOException {
    checkElementIndex(index, size);
    target.put(record(index, imageSize));
  }

  @Override
  public OptionalInt label(int index) {
    checkElementIndex(index, size);
    if (classNames.isEmpty()) {
      return OptionalInt.empty();
    }
    if (labels.get(index) == UNKNOWN) {
      try (NDManager manager = NDManager.newBaseManager()) {
        note(index, dataset.get(manager, index).getLabels());
      } catch (IOException e) {
        throw new UncheckedIOException("can't read the label of " + name(index), e);
      }
    }
    return OptionalInt.of(labels.get(index));
  }

  private float[] record(int index, int imageSize) throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Iterator<Batch> batches = dataset.getData(manager, new One(index)).iterator();
      try (Batch batch = batches.next()) {
        note(index, batch.getLabels());
        return pixels(index, batch.getData().head(), imageSize);
      }
    } catch (TranslateException | RuntimeException e) {
      throw new UnreadableImageException(name(index), String.valueOf(e.getMessage()), e);
    }
  }

  private float[] pixels(int index, NDArray batch, int imageSize) {
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

  private void note(int index, NDList found) {
    if (classNames.isEmpty() || found.isEmpty()) {
      return;
    }
    long label = found.head().toType(DataType.INT64, false).toLongArray()[0];
    checkArgument(
        label >= 0 && label < classNames.size(),
        "%s has the label %s, there are %s classes",
        name(index),
        label,
        classNames.size());
    labels.set(index, (int) label);
  }

  @Override
  public List<String> classNames() {
    return classNames;
  }

  @Override
  public String description() {
    return "%s [%s, %d images, %d classes]"
        .formatted(origin, dataset.getClass().getSimpleName(), size, classNames.size());
  }

  /** A batch of one image. */
  private record One(long index) implements Sampler {
    @Override
    public Iterator<List<Long>> sample(RandomAccessDataset dataset) {
      return List.of(List.of(index)).iterator();
    }

    @Override
    public int getBatchSize() {
      return 1;
    }
  }
}
