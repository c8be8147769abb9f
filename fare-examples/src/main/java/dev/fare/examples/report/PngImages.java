package dev.fare.examples.report;

import dev.fare.evaluation.Picture;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import javax.imageio.ImageIO;

/** Pictures as PNG inside the page. */
public final class PngImages {

  private PngImages() {}

  /** A picture as a {@code data:} address. */
  public static String dataUri(Picture picture) {
    return dataUri(
        picture.width(),
        picture.height(),
        (channel, x, y) -> Math.round(255 * picture.value(channel, x, y)));
  }

  /**
   * What an attack added, around mid-grey.
   *
   * @param factor how much it is amplified
   */
  static String differenceUri(Picture clean, Picture adversarial, double factor) {
    return dataUri(
        clean.width(),
        clean.height(),
        (channel, x, y) ->
            Math.round(
                127.5
                    + 255
                        * factor
                        * (adversarial.value(channel, x, y) - clean.value(channel, x, y))));
  }

  /** A value of 0 to 255; what lies outside is cut off. */
  private interface Values {
    long at(int channel, int x, int y);
  }

  private static String dataUri(int width, int height, Values values) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int rgb = 0;
        for (int channel = 0; channel < 3; channel++) {
          rgb = rgb << 8 | (int) Math.max(0, Math.min(255, values.at(channel, x, y)));
        }
        image.setRGB(x, y, rgb);
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, "png", bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return "data:image/png;base64," + Base64.getEncoder().encodeToString(bytes.toByteArray());
  }
}
