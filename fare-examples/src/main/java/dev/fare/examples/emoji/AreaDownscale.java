package dev.fare.examples.emoji;

import java.awt.image.BufferedImage;

/**
 * Shrinks an RGBA picture by averaging, for each new pixel, the exact area of old pixels under it;
 * colour is averaged premultiplied by alpha so that transparent pixels leave no fringe.
 */
final class AreaDownscale {
  private AreaDownscale() {}

  /** Square {@code source} to {@code size}×{@code size} non-premultiplied ARGB, row by row. */
  static int[] argb(BufferedImage source, int size) {
    int old = source.getWidth();
    if (old != source.getHeight() || old < size) {
      throw new IllegalArgumentException(
          "the artwork must be square and at least %d pixels wide, got %d×%d"
              .formatted(size, old, source.getHeight()));
    }
    int[] pixels = source.getRGB(0, 0, old, old, null, 0, old);
    int[] result = new int[size * size];
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        result[y * size + x] = average(pixels, old, (double) old / size, x, y);
      }
    }
    return result;
  }

  private static int average(int[] pixels, int old, double ratio, int x, int y) {
    double red = 0;
    double green = 0;
    double blue = 0;
    double alpha = 0;
    for (int row = (int) (y * ratio); row < Math.min(old, (y + 1) * ratio); row++) {
      double height = Math.min(row + 1, (y + 1) * ratio) - Math.max(row, y * ratio);
      for (int column = (int) (x * ratio); column < Math.min(old, (x + 1) * ratio); column++) {
        double width = Math.min(column + 1, (x + 1) * ratio) - Math.max(column, x * ratio);
        int argb = pixels[row * old + column];
        double opacity = (argb >>> 24) * width * height;
        red += (argb >> 16 & 255) * opacity;
        green += (argb >> 8 & 255) * opacity;
        blue += (argb & 255) * opacity;
        alpha += opacity;
      }
    }
    int opacity = (int) Math.round(alpha / (ratio * ratio));
    if (opacity == 0) {
      return 0;
    }
    return opacity << 24
        | (int) Math.round(red / alpha) << 16
        | (int) Math.round(green / alpha) << 8
        | (int) Math.round(blue / alpha);
  }
}
