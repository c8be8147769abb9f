package dev.fare.image;

/** Colours multiplied by their alpha, the last channel, with Pillow's 8-bit roundings. */
final class Premultiplied {
  private Premultiplied() {}

  static byte[] of(byte[] pixels, int channels) {
    byte[] result = new byte[pixels.length];
    for (int pixel = 0; pixel < pixels.length; pixel += channels) {
      int alpha = pixels[pixel + channels - 1] & 0xff;
      for (int i = pixel; i < pixel + channels - 1; i++) {
        result[i] = (byte) timesOver255(pixels[i] & 0xff, alpha);
      }
      result[pixel + channels - 1] = (byte) alpha;
    }
    return result;
  }

  /** Divides by alpha again, in place; fully transparent pixels stay as they are. */
  static void undo(byte[] pixels, int channels) {
    for (int pixel = 0; pixel < pixels.length; pixel += channels) {
      int alpha = pixels[pixel + channels - 1] & 0xff;
      if (alpha == 0 || alpha == 255) {
        continue;
      }
      for (int i = pixel; i < pixel + channels - 1; i++) {
        pixels[i] = (byte) Math.min(255, 255 * (pixels[i] & 0xff) / alpha);
      }
    }
  }

  /** {@code round(a * b / 255)} for bytes. */
  static int timesOver255(int a, int b) {
    int product = a * b + 128;
    return ((product >> 8) + product) >> 8;
  }
}
