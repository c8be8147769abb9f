package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkElementIndex;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import dev.fare.image.ClipPreprocessing;
import dev.fare.image.PixelImage;
import dev.fare.torch.Host;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.OptionalInt;

/** Images the host brings, of one size, already as the encoder takes them. Immutable. */
public final class InMemoryImages implements ImageDataset {
  /** Where an image's pixels are. */
  private interface Store {
    void write(int index, FloatBuffer target);
  }

  private final int size;
  private final int imageSize;
  private final Store store;
  private final String fingerprint;
  private final int[] labels;
  private final List<String> classNames;

  private InMemoryImages(
      int size,
      int imageSize,
      Store store,
      String fingerprint,
      int[] labels,
      List<String> classNames) {
    this.size = size;
    this.imageSize = imageSize;
    this.store = store;
    this.fingerprint = fingerprint;
    this.labels = labels;
    this.classNames = classNames;
  }

  /**
   * Pixels as the encoder takes them.
   *
   * @param pixels {@code [N, 3, imageSize, imageSize]} in [0,1], row-major; copied
   * @throws IllegalArgumentException if a value is outside [0,1] or the length doesn't fit
   */
  public static InMemoryImages of(float[] pixels, int imageSize) {
    checkArgument(imageSize > 0, "imageSize must be positive, got %s", imageSize);
    int imageFloats = Math.multiplyExact(3, Math.multiplyExact(imageSize, imageSize));
    checkArgument(
        pixels.length > 0 && pixels.length % imageFloats == 0,
        "%s floats are not a whole number of images [3, %s, %s]",
        pixels.length,
        imageSize,
        imageSize);
    float[] copy = pixels.clone();
    Hasher hasher = Hashing.murmur3_128().newHasher();
    for (float pixel : copy) {
      checkArgument(
          pixel >= 0 && pixel <= 1, "pixels must be in [0,1], got %s; divide bytes by 255", pixel);
      hasher.putFloat(pixel);
    }
    return new InMemoryImages(
        copy.length / imageFloats,
        imageSize,
        (index, target) -> target.put(copy, index * imageFloats, imageFloats),
        hasher.hash().toString(),
        new int[0],
        List.of());
  }

  /** Images that nobody else has, each checked to be {@code [3, imageSize, imageSize]} in [0,1]. */
  static InMemoryImages ofChecked(List<float[]> images, int imageSize) {
    List<float[]> kept = List.copyOf(images);
    Hasher hasher = Hashing.murmur3_128().newHasher();
    for (float[] image : kept) {
      for (float pixel : image) {
        hasher.putFloat(pixel);
      }
    }
    return new InMemoryImages(
        kept.size(),
        imageSize,
        (index, target) -> target.put(kept.get(index)),
        hasher.hash().toString(),
        new int[0],
        List.of());
  }

  /** Pixels as the encoder takes them: {@code [N, 3, S, S]} in [0,1]; copied, and left open. */
  public static InMemoryImages of(NDArray pixels) {
    long[] shape = pixels.getShape().getShape();
    checkArgument(
        shape.length == 4 && shape[1] == 3 && shape[2] == shape[3],
        "pixels must be [N, 3, S, S], got %s",
        pixels.getShape());
    if (pixels.getDataType() == DataType.FLOAT32) {
      return of(Host.floats(pixels), (int) shape[2]);
    }
    try (NDArray floats = pixels.toType(DataType.FLOAT32, true)) {
      return of(floats.toFloatArray(), (int) shape[2]);
    }
  }

  /** Decoded images, preprocessed once and kept as bytes. */
  public static InMemoryImages of(List<PixelImage> images, ClipPreprocessing preprocessing) {
    checkArgument(!images.isEmpty(), "there are no images");
    List<PixelImage> prepared = images.stream().map(preprocessing::apply).toList();
    Hasher hasher = Hashing.murmur3_128().newHasher();
    prepared.forEach(image -> hasher.putBytes(image.bytes()));
    return new InMemoryImages(
        prepared.size(),
        preprocessing.size(),
        (index, target) -> prepared.get(index).writePlanes(target),
        hasher.hash().toString(),
        new int[0],
        List.of());
  }

  /**
   * The same images with labels.
   *
   * @param newLabels one per image, each an index into {@code newClassNames}
   */
  public InMemoryImages labels(int[] newLabels, List<String> newClassNames) {
    Labels.check(newLabels, size, newClassNames);
    return new InMemoryImages(
        size, imageSize, store, fingerprint, newLabels.clone(), List.copyOf(newClassNames));
  }

  @Override
  public int size() {
    return size;
  }

  /** Side of the square images, in pixels. */
  public int imageSize() {
    return imageSize;
  }

  @Override
  public void read(int index, int encoderSize, FloatBuffer target) {
    checkElementIndex(index, size);
    checkArgument(
        encoderSize == imageSize,
        "these images have %s pixels a side, the encoder takes %s; preprocess them for its size",
        imageSize,
        encoderSize);
    store.write(index, target);
  }

  @Override
  public OptionalInt label(int index) {
    return Labels.at(labels, index, size);
  }

  @Override
  public List<String> classNames() {
    return classNames;
  }

  @Override
  public String description() {
    return "InMemoryImages[%d images of %d x %d, %d classes, pixels %s]"
        .formatted(size, imageSize, imageSize, classNames.size(), fingerprint.substring(0, 16));
  }

  /** The description and a fingerprint of the labels. */
  @Override
  public String identity() {
    return description() + ", labels " + Fingerprint.ofLabels(this);
  }

  @Override
  public String toString() {
    return description();
  }
}
