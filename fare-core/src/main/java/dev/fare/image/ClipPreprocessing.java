package dev.fare.image;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.image.ResizeMode.CropRounding;
import dev.fare.image.ResizeMode.PadToSquare;
import dev.fare.image.ResizeMode.ShortestSide;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/**
 * From a decoded image to an encoder's pixels, byte for byte what the Python pipelines make.
 *
 * <p>Pixels stay in [0,1]: the encoder subtracts and divides inside, by its {@link
 * PixelNormalization}.
 *
 * @param size side of the square the encoder takes, in pixels
 * @param resizeMode how an image of any shape becomes that square
 * @param interpolation the resampling filter
 * @param convertsToRgbFirst whether colours are converted before resizing (Hugging Face, LLaVA) or
 *     after (open_clip), which differs for palette, 1-bit, transparent, CMYK and 16-bit images
 */
public record ClipPreprocessing(
    int size, ResizeMode resizeMode, Interpolation interpolation, boolean convertsToRgbFirst) {

  /** CLIP's mean colour in 255ths, LLaVA's bars. */
  private static final PadToSquare LLAVA_PADDING = new PadToSquare(122, 116, 104);

  private static final int MAX_SIZE = 8192;

  /** Beyond it, an image is a line rather than a picture. */
  private static final int MAX_RESIZED_SIDE = 1 << 24;

  /** Checks the size. */
  public ClipPreprocessing {
    checkArgument(
        size > 0 && size <= MAX_SIZE, "size must be in [1, %s] pixels, got %s", MAX_SIZE, size);
  }

  /** open_clip's and OpenAI's: resize, centre crop, then RGB. Also the paper's. */
  public static ClipPreprocessing openClip(int size) {
    return clip(size, new ShortestSide(CropRounding.HALF_TO_EVEN), false);
  }

  /** Hugging Face's {@code CLIPImageProcessor}: RGB, then resize and centre crop. */
  public static ClipPreprocessing huggingFace(int size) {
    return clip(size, new ShortestSide(CropRounding.FLOOR), true);
  }

  /** LLaVA-1.5's: RGB, bars of (122, 116, 104) to a square, resize. */
  public static ClipPreprocessing llava(int size) {
    return clip(size, LLAVA_PADDING, true);
  }

  private static ClipPreprocessing clip(int size, ResizeMode mode, boolean rgbFirst) {
    return new ClipPreprocessing(size, mode, Interpolation.BICUBIC, rgbFirst);
  }

  /** The same for an encoder of another size. */
  public ClipPreprocessing withSize(int newSize) {
    return new ClipPreprocessing(newSize, resizeMode, interpolation, convertsToRgbFirst);
  }

  /**
   * The image the encoder sees.
   *
   * @return RGB, {@code size x size}
   * @throws IllegalArgumentException if the image is so thin that its resized side exceeds 2^24
   */
  public PixelImage apply(PixelImage image) {
    PixelImage source = convertsToRgbFirst ? image.toRgb() : image;
    if (resizeMode instanceof PadToSquare bars) {
      source = source.padToSquare(bars.red(), bars.green(), bars.blue());
    }
    return resize(source).apply(source).toRgb();
  }

  private PillowResize resize(PixelImage source) {
    if (!(resizeMode instanceof ShortestSide shortest)) {
      return PillowResize.whole(size, size, interpolation);
    }
    int longSide = longSide(source);
    int offset = shortest.rounding().offset(longSide - size);
    return source.width() >= source.height()
        ? new PillowResize(
            longSide, size, new PillowResize.Crop(offset, 0, size, size), interpolation)
        : new PillowResize(
            size, longSide, new PillowResize.Crop(0, offset, size, size), interpolation);
  }

  private int longSide(PixelImage source) {
    double shortSide = Math.min(source.width(), source.height());
    double resized = (double) size * Math.max(source.width(), source.height()) / shortSide;
    checkArgument(
        resized <= MAX_RESIZED_SIDE,
        "an image of %s x %s pixels is too thin to be resized to %s on its shorter side; pad or crop it first",
        source.width(),
        source.height(),
        size);
    return (int) resized;
  }

  /** The encoder's pixels of one image, {@code [3, size, size]} in [0,1], row-major. */
  public float[] pixels(PixelImage image) {
    float[] pixels = new float[3 * size * size];
    write(image, FloatBuffer.wrap(pixels));
    return pixels;
  }

  /**
   * Writes the encoder's pixels of one image, {@code [3, size, size]}, at the buffer's position.
   */
  public void write(PixelImage image, FloatBuffer target) {
    apply(image).writePlanes(target);
  }

  /**
   * The encoder's pixels of a batch, prepared in the calling thread.
   *
   * @return {@code [N, 3, size, size]} float32 in [0,1], owned by {@code manager}
   */
  public NDArray toPixels(NDManager manager, List<PixelImage> images) {
    ByteBuffer batch = allocate(manager, images.size());
    FloatBuffer floats = batch.asFloatBuffer();
    images.forEach(image -> write(image, floats));
    return manager.create(batch, shape(images.size()), DataType.FLOAT32);
  }

  /**
   * The encoder's pixels of a batch, each item opened and prepared on the executor: {@code
   * toPixels(manager, paths, decoder::decode, ForkJoinPool.commonPool())} uses all cores. The
   * result does not depend on the executor.
   *
   * @param opener how an item becomes an image, say {@code decoder::decode} for paths or {@code
   *     PixelImage::of} for DJL's images
   * @return {@code [N, 3, size, size]} float32 in [0,1], owned by {@code manager}
   * @throws IOException the first item's that could not be opened, after all have been tried
   */
  public <T> NDArray toPixels(
      NDManager manager, List<T> items, ImageOpener<? super T> opener, Executor executor)
      throws IOException {
    ByteBuffer batch = allocate(manager, items.size());
    FloatBuffer floats = batch.asFloatBuffer();
    int imageFloats = 3 * size * size;
    List<CompletableFuture<Void>> prepared = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      T item = items.get(i);
      FloatBuffer target = floats.slice(i * imageFloats, imageFloats);
      prepared.add(CompletableFuture.runAsync(() -> open(opener, item, target), executor));
    }
    join(prepared);
    return manager.create(batch, shape(items.size()), DataType.FLOAT32);
  }

  private <T> void open(ImageOpener<T> opener, T item, FloatBuffer target) {
    try {
      write(opener.open(item), target);
    } catch (IOException e) {
      throw new CompletionException(e);
    }
  }

  /** Waits for all, so that no thread still writes when the first failure is reported. */
  private static void join(List<CompletableFuture<Void>> prepared) throws IOException {
    CompletionException failure = null;
    for (CompletableFuture<Void> one : prepared) {
      try {
        one.join();
      } catch (CompletionException e) {
        failure = failure == null ? e : failure;
      }
    }
    if (failure == null) {
      return;
    }
    if (failure.getCause() instanceof IOException unreadable) {
      throw unreadable;
    }
    throw failure.getCause() instanceof RuntimeException unchecked ? unchecked : failure;
  }

  private ByteBuffer allocate(NDManager manager, int images) {
    checkArgument(images > 0, "a batch needs at least one image");
    long bytes = 4L * shape(images).size();
    checkArgument(
        bytes <= Integer.MAX_VALUE,
        "%s images of %s pixels are %s bytes, more than one array of 2 GiB; use smaller batches",
        images,
        size,
        bytes);
    return manager.allocateDirect((int) bytes);
  }

  private Shape shape(int images) {
    return new Shape(images, 3, size, size);
  }

  /**
   * Part of a data set's identity, in the words of the first version, which named CLIP's values.
   */
  @Override
  public String toString() {
    return "ClipPreprocessing[size=%d, resizeMode=%s, interpolation=%s, convertsToRgbFirst=%s, mean=%s, standardDeviation=%s]"
        .formatted(
            size,
            resizeMode,
            interpolation,
            convertsToRgbFirst,
            PixelNormalization.CLIP.mean(),
            PixelNormalization.CLIP.std());
  }
}
