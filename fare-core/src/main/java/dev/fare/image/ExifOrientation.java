package dev.fare.image;

import java.nio.ByteBuffer;

/** How a camera was held: EXIF's orientation tag, and the turn that makes the image upright. */
enum ExifOrientation {
  UPRIGHT,
  MIRRORED,
  UPSIDE_DOWN,
  FLIPPED,
  TRANSPOSED,
  ON_ITS_LEFT_SIDE,
  TRANSVERSED,
  ON_ITS_RIGHT_SIDE;

  /**
   * The orientation in a TIFF header and its first directory; upright where they make no sense.
   *
   * @param tiff begins with the byte order mark
   */
  static ExifOrientation of(ByteBuffer tiff) {
    int value = TiffTags.value(tiff, TiffTags.ORIENTATION).orElse(1);
    return value >= 1 && value <= 8 ? values()[value - 1] : UPRIGHT;
  }

  /** The image as it was seen. */
  PixelImage upright(PixelImage image) {
    if (this == UPRIGHT) {
      return image;
    }
    boolean turns = ordinal() >= TRANSPOSED.ordinal();
    int width = turns ? image.height() : image.width();
    int height = turns ? image.width() : image.height();
    int size = image.mode().bytesPerPixel();
    byte[] upright = new byte[image.data().length];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int from = source(x, y, image.width(), image.height());
        System.arraycopy(image.data(), from * size, upright, (y * width + x) * size, size);
      }
    }
    return image.withPixels(width, height, upright);
  }

  /** The stored pixel that is seen at (x, y). */
  private int source(int x, int y, int width, int height) {
    int right = width - 1;
    int bottom = height - 1;
    return switch (this) {
      case UPRIGHT -> y * width + x;
      case MIRRORED -> y * width + right - x;
      case UPSIDE_DOWN -> (bottom - y) * width + right - x;
      case FLIPPED -> (bottom - y) * width + x;
      case TRANSPOSED -> x * width + y;
      case ON_ITS_LEFT_SIDE -> (bottom - x) * width + y;
      case TRANSVERSED -> (bottom - x) * width + right - y;
      case ON_ITS_RIGHT_SIDE -> x * width + right - y;
    };
  }
}
