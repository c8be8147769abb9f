package dev.fare.data;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** Pictures of one gray, which say which one was read. */
final class TestPictures {

  private TestPictures() {}

  /** A PNG of 5 x 4 pixels, all of the same gray. */
  static byte[] png(int gray) throws IOException {
    BufferedImage image = new BufferedImage(5, 4, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 20; i++) {
      image.setRGB(i % 5, i / 5, gray * 0x010101);
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(image, "png", bytes);
    return bytes.toByteArray();
  }

  /** Writes such a PNG, its folder included. */
  static Path write(Path file, int gray) throws IOException {
    Files.createDirectories(file.getParent());
    return Files.write(file, png(gray));
  }

  /** The gray that a data set reads. */
  static int gray(ImageDataset data, int index) throws IOException {
    FloatBuffer pixels = FloatBuffer.allocate(3 * 4 * 4);
    data.read(index, 4, pixels);
    return Math.round(pixels.get(0) * 255);
  }
}
