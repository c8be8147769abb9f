package dev.fare.evaluation;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.torch.Host;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

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

  /** The pictures of pixels {@code [N,3,H,W]}. */
  public static List<Picture> ofPixels(NDArray pixels) {
    int height = Math.toIntExact(pixels.getShape().get(2));
    int width = Math.toIntExact(pixels.getShape().get(3));
    float[] all = Host.floats(pixels);
    int size = 3 * height * width;
    return IntStream.range(0, all.length / size)
        .mapToObj(i -> of(width, height, Arrays.copyOfRange(all, i * size, (i + 1) * size)))
        .toList();
  }

  /**
   * Pixels {@code [N,3,H,W]} of pictures of one size.
   *
   * @param manager owns the pixels
   */
  public static NDArray toPixels(List<Picture> pictures, NDManager manager) {
    checkArgument(!pictures.isEmpty(), "there must be pictures, got none");
    Picture first = pictures.get(0);
    int size = first.planes.length;
    float[] all = new float[Math.multiplyExact(pictures.size(), size)];
    for (int i = 0; i < pictures.size(); i++) {
      Picture picture = pictures.get(i);
      checkArgument(
          picture.width == first.width && picture.height == first.height,
          "pictures must have one size, got %s and %s",
          first,
          picture);
      System.arraycopy(picture.planes, 0, all, i * size, size);
    }
    return manager.create(all, new Shape(pictures.size(), 3, first.height, first.width));
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
