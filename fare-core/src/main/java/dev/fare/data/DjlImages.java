package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkElementIndex;

import ai.djl.Device;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.BatchSampler;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.dataset.Sampler;
import ai.djl.training.dataset.SequenceSampler;
import ai.djl.translate.TranslateException;
import dev.fare.image.Augmentation;
import dev.fare.image.UnreadableImageException;
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
 * <p>Training visits images in an order of its own and again after an interruption, so it needs
 * {@link RandomAccessDataset}, which is read image by image; any other {@link Dataset} can only be
 * read from its beginning, and {@link #copy} does that once.
 *
 * <p>Transforms that draw random numbers, such as {@code RandomFlipLeftRight}, draw them from a
 * generator of DJL's, not from a seed and the epoch: a run with them can't be repeated, nor resumed
 * bit for bit, and a reference cache refuses them. Leave them out; {@link ImageFolder} and the
 * other data sets of pictures draw an {@link Augmentation} from seed, epoch and image.
 *
 * <p>Many threads may read if the data set's own {@code get} allows that; DJL's image folders do.
 */
public final class DjlImages implements ImageDataset {

  /** No class of this image has been read yet. */
  private static final int UNKNOWN = -1;

  private static final int PASS_BATCH = 32;

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
   * @param origin what it is, for messages; its identity, too, since the records are not looked at
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

  /**
   * The images of any DJL data set in memory, read in one pass: record by record where it has
   * random access, else in its own order, which must be the same every time if runs are to be
   * resumed.
   *
   * @param dataset prepared, if it needs to be; of images of one size
   * @param maxImages how many there is memory for: an image of 224 pixels takes 600 kB
   * @throws IOException if the data set fails
   * @throws IllegalArgumentException if it has none or more images, or they are not as an encoder
   *     takes them
   */
  public static InMemoryImages copy(Dataset dataset, int maxImages) throws IOException {
    return copy(dataset, List.of(), maxImages);
  }

  /**
   * The same with labels.
   *
   * @param classNames what the first label of a record, a whole number, is an index into
   */
  public static InMemoryImages copy(Dataset dataset, List<String> classNames, int maxImages)
      throws IOException {
    DjlPass pass = new DjlPass(dataset.getClass().getSimpleName(), classNames, maxImages);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
      for (Batch next : batches(dataset, manager)) {
        try (Batch batch = next) {
          pass.add(batch);
        }
      }
    } catch (TranslateException e) {
      throw new IOException("can't read " + dataset.getClass().getSimpleName() + ": " + e, e);
    }
    return pass.images();
  }

  /** In the order of the records where there is one: the data set's own may be shuffled. */
  private static Iterable<Batch> batches(Dataset dataset, NDManager manager)
      throws IOException, TranslateException {
    return dataset instanceof RandomAccessDataset records
        ? records.getData(manager, new BatchSampler(new SequenceSampler(), PASS_BATCH, false))
        : dataset.getData(manager);
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
      try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
        note(index, dataset.get(manager, index).getLabels());
      } catch (IOException e) {
        throw new UncheckedIOException("can't read the label of " + name(index), e);
      }
    }
    return OptionalInt.of(labels.get(index));
  }

  private float[] record(int index, int imageSize) throws IOException {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
      Iterator<Batch> batches = dataset.getData(manager, new One(index)).iterator();
      try (Batch batch = batches.next()) {
        note(index, batch.getLabels());
        return DjlPass.pixels(batch.getData().head(), imageSize);
      }
    } catch (TranslateException | RuntimeException e) {
      throw new UnreadableImageException(name(index), String.valueOf(e.getMessage()), e);
    }
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

  @Override
  public String toString() {
    return description();
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
