package dev.fare.examples.emoji;

/**
 * One drawing of {@value #SIZE}×{@value #SIZE} pixels, RGBA in [0,1] with colour premultiplied by
 * alpha.
 */
public final class Artwork {
  /** Width and height in pixels. */
  public static final int SIZE = 48;

  private final float[] rgba;

  /** Takes ownership of {@code rgba}, [SIZE, SIZE, 4]. */
  Artwork(float[] rgba) {
    if (rgba.length != SIZE * SIZE * 4) {
      throw new IllegalArgumentException(
          "an artwork has " + SIZE * SIZE * 4 + " values, got " + rgba.length);
    }
    this.rgba = rgba;
  }

  /** A copy of the pixels, row by row, [SIZE, SIZE, 4]: red, green, blue, alpha. */
  public float[] toArray() {
    return rgba.clone();
  }

  /**
   * Adds {@code weight} times the bilinear sample at (x, y) to {@code sum}; pixel centres lie at
   * half-integers and everything outside is transparent.
   */
  void addSample(float x, float y, float weight, float[] sum) {
    float left = x - 0.5f;
    float top = y - 0.5f;
    if (left <= -1 || top <= -1 || left >= SIZE || top >= SIZE) {
      return;
    }
    int column = left < 0 ? -1 : (int) left;
    int row = top < 0 ? -1 : (int) top;
    float right = left - column;
    float bottom = top - row;
    addPixel(column, row, weight * (1 - right) * (1 - bottom), sum);
    addPixel(column + 1, row, weight * right * (1 - bottom), sum);
    addPixel(column, row + 1, weight * (1 - right) * bottom, sum);
    addPixel(column + 1, row + 1, weight * right * bottom, sum);
  }

  private void addPixel(int column, int row, float weight, float[] sum) {
    if (column < 0 || row < 0 || column >= SIZE || row >= SIZE) {
      return;
    }
    int at = (row * SIZE + column) * 4;
    sum[0] += weight * rgba[at];
    sum[1] += weight * rgba[at + 1];
    sum[2] += weight * rgba[at + 2];
    sum[3] += weight * rgba[at + 3];
  }
}
