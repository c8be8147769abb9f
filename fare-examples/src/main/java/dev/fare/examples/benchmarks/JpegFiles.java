package dev.fare.examples.benchmarks;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/** JPEG files to read: the user's own, or drawn ones of ImageNet's usual size. */
final class JpegFiles {

  private static final int WIDTH = 500;
  private static final int HEIGHT = 375;
  private static final int WAVES = 24;
  private static final double NOISE = 12;

  private JpegFiles() {}

  /** The first files with a JPEG's ending under a folder. */
  static List<Path> in(Path folder, int count) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      List<Path> found =
          files
              .filter(file -> file.toString().toLowerCase(Locale.ROOT).endsWith(".jpg"))
              .sorted()
              .limit(count)
              .toList();
      if (found.isEmpty()) {
        throw new IllegalArgumentException("there must be .jpg files under " + folder);
      }
      return found;
    }
  }

  /** Waves of all sizes and a sensor's noise, so that a file is as large as a photograph's. */
  static List<Path> draw(Path folder, int count) throws IOException {
    List<Path> files = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < count; i++) {
      Path file = folder.resolve("photograph" + i + ".jpg");
      if (!ImageIO.write(draw(random.split()), "jpg", file.toFile())) {
        throw new IOException("this Java runtime writes no JPEG");
      }
      files.add(file);
    }
    return files;
  }

  private static BufferedImage draw(SplittableRandom random) {
    double[][] waves = new double[WAVES][];
    for (int i = 0; i < WAVES; i++) {
      double frequency = 0.01 * Math.pow(1.25, i * 0.8);
      double angle = 2 * Math.PI * random.nextDouble();
      waves[i] =
          new double[] {
            frequency * Math.cos(angle), frequency * Math.sin(angle), 40.0 / (1 + i * 0.3), i % 3
          };
    }
    BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        double[] colour = {128, 128, 128};
        for (double[] wave : waves) {
          colour[(int) wave[3]] += wave[2] * Math.sin(wave[0] * x + wave[1] * y);
        }
        int rgb = 0;
        for (double value : colour) {
          int level = (int) (value + NOISE * (random.nextDouble() - 0.5));
          rgb = rgb << 8 | Math.max(0, Math.min(255, level));
        }
        image.setRGB(x, y, rgb);
      }
    }
    return image;
  }
}
