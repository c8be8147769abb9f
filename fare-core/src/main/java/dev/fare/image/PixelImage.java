package dev.fare.image;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.Device;
import ai.djl.modality.cv.Image;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * A decoded image in the mode its file has, as Pillow would open it. Immutable.
 *
 * <p>open_clip resizes before it converts to RGB, and the mode decides how: so it is kept until
 * {@link #toRgb()}.
 */
public final class PixelImage {
  /** How a pixel is stored; the names in brackets are Pillow's. */
  public enum Mode {
    /** Black or white, stored as 0 or 255 [1]. */
    BILEVEL(1),
    /** One byte of brightness [L]. */
    GRAY(1),
    /** Brightness and opacity [LA]. */
    GRAY_ALPHA(2),
    /** An index into a palette of RGB colours [P]. */
    PALETTE(1),
    /** Red, green, blue [RGB]. */
    RGB(3),
    /** Red, green, blue, opacity, not premultiplied [RGBA]. */
    RGBA(4),
    /** Ink, 0 = none [CMYK]. */
    CMYK(4),
    /** A big-endian 32-bit integer, for 16-bit gray; clips at 0 and 255 when converted [I]. */
    INTEGER(4);

    private final int bytesPerPixel;

    Mode(int bytesPerPixel) {
      this.bytesPerPixel = bytesPerPixel;
    }

    /** Bytes a pixel takes in {@link PixelImage#bytes()}. */
    public int bytesPerPixel() {
      return bytesPerPixel;
    }
  }

  private static final byte[] NO_PALETTE = {};

  private final Mode mode;
  private final int width;
  private final int height;
  private final byte[] data;
  private final byte[] palette;

  PixelImage(Mode mode, int width, int height, byte[] data, byte[] palette) {
    checkArgument(width > 0 && height > 0, "an image of %s x %s pixels is empty", width, height);
    long expected = (long) width * height * mode.bytesPerPixel();
    checkArgument(
        data.length == expected,
        "%s x %s pixels of mode %s are %s bytes, got %s",
        width,
        height,
        mode,
        expected,
        data.length);
    this.mode = mode;
    this.width = width;
    this.height = height;
    this.data = data;
    this.palette = palette;
  }

  PixelImage(Mode mode, int width, int height, byte[] data) {
    this(mode, width, height, data, NO_PALETTE);
  }

  /**
   * An image of the host's own pixels.
   *
   * @param rgb red, green, blue of each pixel, row by row from the top left; copied
   * @throws IllegalArgumentException if {@code rgb} has not {@code 3 * width * height} bytes
   */
  public static PixelImage rgb(int width, int height, byte[] rgb) {
    return new PixelImage(Mode.RGB, width, height, rgb.clone());
  }

  /**
   * An image of the host's own pixels in any mode but {@link Mode#PALETTE}; the bytes are copied.
   */
  public static PixelImage of(Mode mode, int width, int height, byte[] bytes) {
    checkArgument(mode != Mode.PALETTE, "a palette image needs its palette; convert it to RGB");
    return new PixelImage(mode, width, height, bytes.clone());
  }

  /** Java's image, in the mode that is nearest to its own; colour profiles are not applied. */
  public static PixelImage of(BufferedImage image) {
    return BufferedImageConversion.toPixelImage(image);
  }

  /** DJL's image, as RGB; opacity is dropped. */
  public static PixelImage of(Image image) {
    if (image.getWrappedImage() instanceof BufferedImage buffered) {
      return of(buffered).toRgb();
    }
    try (NDManager manager = NDManager.newBaseManager(Device.cpu());
        NDArray pixels = image.toNDArray(manager, Image.Flag.COLOR)) { // [H, W, 3]
      byte[] rgb = pixels.toType(DataType.UINT8, false).toByteArray();
      return new PixelImage(Mode.RGB, image.getWidth(), image.getHeight(), rgb);
    }
  }

  /** How the pixels are stored. */
  public Mode mode() {
    return mode;
  }

  /** Pixels in a row. */
  public int width() {
    return width;
  }

  /** Number of rows. */
  public int height() {
    return height;
  }

  /** A copy of the pixels, row by row, {@link Mode#bytesPerPixel()} bytes each. */
  public byte[] bytes() {
    return data.clone();
  }

  /** The pixels themselves, for this package, which does not write to them. */
  byte[] data() {
    return data;
  }

  IntBuffer integers() {
    return ByteBuffer.wrap(data).asIntBuffer().asReadOnlyBuffer();
  }

  PixelImage withPixels(int newWidth, int newHeight, byte[] newData) {
    return new PixelImage(mode, newWidth, newHeight, newData, palette);
  }

  /**
   * Resized as Pillow's {@code Image.resize} does, bit for bit; palette and 1-bit images always
   * take the nearest pixel.
   */
  public PixelImage resize(int newWidth, int newHeight, Interpolation interpolation) {
    checkArgument(
        newWidth > 0 && newHeight > 0, "can't resize to %s x %s pixels", newWidth, newHeight);
    return PillowResize.whole(newWidth, newHeight, interpolation).apply(this);
  }

  /** The rectangle of {@code cropWidth x cropHeight} pixels whose first is {@code (left, top)}. */
  public PixelImage crop(int left, int top, int cropWidth, int cropHeight) {
    checkArgument(
        left >= 0 && top >= 0 && cropWidth <= width - left && cropHeight <= height - top,
        "%s x %s pixels from (%s, %s) reach out of an image of %s x %s",
        cropWidth,
        cropHeight,
        left,
        top,
        width,
        height);
    if (cropWidth == width && cropHeight == height) {
      return this;
    }
    int size = mode.bytesPerPixel();
    byte[] cropped = new byte[cropWidth * cropHeight * size];
    for (int y = 0; y < cropHeight; y++) {
      int start = ((top + y) * width + left) * size;
      System.arraycopy(data, start, cropped, y * cropWidth * size, cropWidth * size);
    }
    return withPixels(cropWidth, cropHeight, cropped);
  }

  /** Left and right exchanged. */
  public PixelImage mirror() {
    int size = mode.bytesPerPixel();
    byte[] mirrored = new byte[data.length];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int from = (y * width + x) * size;
        System.arraycopy(data, from, mirrored, (y * width + width - 1 - x) * size, size);
      }
    }
    return withPixels(width, height, mirrored);
  }

  /** Centred in a square of one colour, each in 0..255, as LLaVA does; converts to RGB first. */
  public PixelImage padToSquare(int red, int green, int blue) {
    PixelImage rgb = toRgb();
    if (width == height) {
      return rgb;
    }
    int side = Math.max(width, height);
    checkArgument(
        (long) side * side <= ImageDecoder.DEFAULT_MAX_PIXELS,
        "an image of %s x %s pixels is too thin to be padded to a square",
        width,
        height);
    byte[] square = new byte[3 * side * side];
    for (int i = 0; i < square.length; i += 3) {
      square[i] = (byte) red;
      square[i + 1] = (byte) green;
      square[i + 2] = (byte) blue;
    }
    int left = (side - width) / 2;
    int top = (side - height) / 2;
    for (int y = 0; y < height; y++) {
      int start = ((top + y) * side + left) * 3;
      System.arraycopy(rgb.data, y * width * 3, square, start, width * 3);
    }
    return new PixelImage(Mode.RGB, side, side, square);
  }

  /** Converted to RGB as Pillow's {@code convert("RGB")} does: opacity is dropped. */
  public PixelImage toRgb() {
    if (mode == Mode.RGB) {
      return this;
    }
    int pixels = width * height;
    byte[] rgb = new byte[Math.multiplyExact(3, pixels)];
    for (int i = 0; i < pixels; i++) {
      writeRgb(i * mode.bytesPerPixel(), rgb, i * 3);
    }
    return new PixelImage(Mode.RGB, width, height, rgb);
  }

  private void writeRgb(int from, byte[] rgb, int to) {
    switch (mode) {
      case BILEVEL, GRAY, GRAY_ALPHA -> writeGray(data[from], rgb, to);
      case PALETTE -> System.arraycopy(palette, (data[from] & 0xff) * 3, rgb, to, 3);
      case RGB, RGBA -> System.arraycopy(data, from, rgb, to, 3);
      case CMYK -> {
        int white = 255 - (data[from + 3] & 0xff);
        for (int ink = 0; ink < 3; ink++) {
          int absorbed = Premultiplied.timesOver255(data[from + ink] & 0xff, white);
          rgb[to + ink] = (byte) Math.max(0, white - absorbed);
        }
      }
      case INTEGER -> {
        int value = ByteBuffer.wrap(data).getInt(from);
        writeGray((byte) Math.max(0, Math.min(255, value)), rgb, to);
      }
    }
  }

  /** Writes RGB as planes of red, green and blue in [0,1], at the buffer's position. */
  public void writePlanes(FloatBuffer target) {
    byte[] rgb = toRgb().data;
    float[] plane = new float[width * height];
    for (int channel = 0; channel < 3; channel++) {
      for (int i = 0; i < plane.length; i++) {
        plane[i] = (rgb[i * 3 + channel] & 0xff) / 255f;
      }
      target.put(plane);
    }
  }

  private static void writeGray(byte gray, byte[] rgb, int to) {
    rgb[to] = gray;
    rgb[to + 1] = gray;
    rgb[to + 2] = gray;
  }

  @Override
  public String toString() {
    return "PixelImage[" + mode + ", " + width + " x " + height + "]";
  }
}
