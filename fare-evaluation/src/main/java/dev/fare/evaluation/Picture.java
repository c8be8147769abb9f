package dev.fare.evaluation;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Arrays;

/** One image off the device: red, green and blue planes of values in [0,1]. Immutable. */
public final class Picture {

  private final int width;
  private final int height;
  private final float[] planes;

  private Picture(int width, int height, float[] planes) {
    this.width = width;
    this.height = height;
    this.planes = planes;
  }

  /**
   * A picture of an encoder's pixels.
   *
   * @param planes {@code [3,height,width]}, row by row; copied
   */
  public static Picture of(int width, int height, float[] planes) {
    checkArgument(
        width > 0 && height > 0 && planes.length == 3L * width * height,
        "a picture of %s x %s pixels has 3 planes of as many values, got %s values",
        width,
        height,
        planes.length);
    return new Picture(width, height, planes.clone());
  }

  /** Pixels in a row. */
  public int width() {
    return width;
  }

  /** Number of rows. */
  public int height() {
    return height;
  }

  /**
   * One value.
   *
   * @param channel 0 red, 1 green, 2 blue
   */
  public float value(int channel, int x, int y) {
    return planes[(channel * height + y) * width + x];
  }

  /** A copy of the values, {@code [3,height,width]}. */
  public float[] planes() {
    return planes.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Picture picture
        && width == picture.width
        && height == picture.height
        && Arrays.equals(planes, picture.planes);
  }

  @Override
  public int hashCode() {
    return 31 * width + Arrays.hashCode(planes);
  }

  @Override
  public String toString() {
    return "Picture[" + width + " x " + height + "]";
  }
}
