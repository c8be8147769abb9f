package dev.fare.image;

import dev.fare.image.PixelImage.Mode;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.util.Arrays;

/**
 * Java's images to ours: stored samples where they are 8 bits a channel, Java's colours elsewhere.
 */
final class BufferedImageConversion {
  private BufferedImageConversion() {}

  static PixelImage toPixelImage(BufferedImage image) {
    ColorModel model = image.getColorModel();
    if (model instanceof IndexColorModel palette && palette.getMapSize() <= 256) {
      return indexed(image, palette);
    }
    boolean gray = model.getColorSpace().getType() == ColorSpace.TYPE_GRAY;
    int bands = image.getRaster().getNumBands();
    if (gray && bands == 1 && model.getComponentSize(0) == 16) {
      return wideGray(image);
    }
    boolean bytes = Arrays.stream(model.getComponentSize()).allMatch(bits -> bits == 8);
    if (bytes && !model.isAlphaPremultiplied()) {
      if (gray && bands <= 2) {
        return samples(image, bands == 1 ? Mode.GRAY : Mode.GRAY_ALPHA);
      }
      if (model.getColorSpace().getType() == ColorSpace.TYPE_RGB && bands >= 3 && bands <= 4) {
        return samples(image, bands == 3 ? Mode.RGB : Mode.RGBA);
      }
    }
    return colors(image, model.hasAlpha() ? Mode.RGBA : Mode.RGB);
  }

  private static PixelImage samples(BufferedImage image, Mode mode) {
    Raster raster = image.getRaster();
    int rowSamples = image.getWidth() * mode.bytesPerPixel();
    byte[] data = new byte[Math.multiplyExact(rowSamples, image.getHeight())];
    int[] row = new int[rowSamples];
    for (int y = 0; y < image.getHeight(); y++) {
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, image.getWidth(), 1, row);
      for (int i = 0; i < rowSamples; i++) {
        data[y * rowSamples + i] = (byte) row[i];
      }
    }
    return new PixelImage(mode, image.getWidth(), image.getHeight(), data);
  }

  /** Pillow reads a palette that counts up the grays as gray, and black with white as 1-bit. */
  private static PixelImage indexed(BufferedImage image, IndexColorModel model) {
    PixelImage indices = samples(image, Mode.GRAY);
    byte[] data = indices.data();
    byte[] palette = new byte[256 * 3];
    boolean ramp = true;
    for (int i = 0; i < 256; i++) {
      int color = i < model.getMapSize() ? model.getRGB(i) & 0xffffff : i * 0x010101;
      ramp &= color == i * 0x010101;
      palette[3 * i] = (byte) (color >> 16);
      palette[3 * i + 1] = (byte) (color >> 8);
      palette[3 * i + 2] = (byte) color;
    }
    boolean bilevel =
        model.getMapSize() == 2
            && (model.getRGB(0) & 0xffffff) == 0
            && (model.getRGB(1) & 0xffffff) == 0xffffff;
    if (bilevel) {
      for (int i = 0; i < data.length; i++) {
        data[i] = (byte) -data[i];
      }
      return new PixelImage(Mode.BILEVEL, image.getWidth(), image.getHeight(), data);
    }
    return ramp
        ? indices
        : new PixelImage(Mode.PALETTE, image.getWidth(), image.getHeight(), data, palette);
  }

  private static PixelImage wideGray(BufferedImage image) {
    int width = image.getWidth();
    byte[] data = new byte[Math.multiplyExact(4, width * image.getHeight())];
    Raster raster = image.getRaster();
    for (int y = 0, i = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < width; x++, i += 4) {
        int value = raster.getSample(raster.getMinX() + x, raster.getMinY() + y, 0);
        data[i + 2] = (byte) (value >> 8);
        data[i + 3] = (byte) value;
      }
    }
    return new PixelImage(Mode.INTEGER, width, image.getHeight(), data);
  }

  private static PixelImage colors(BufferedImage image, Mode mode) {
    int width = image.getWidth();
    int size = mode.bytesPerPixel();
    byte[] data = new byte[Math.multiplyExact(size, width * image.getHeight())];
    int[] row = new int[width];
    for (int y = 0, i = 0; y < image.getHeight(); y++) {
      image.getRGB(0, y, width, 1, row, 0, width);
      for (int color : row) {
        data[i] = (byte) (color >> 16);
        data[i + 1] = (byte) (color >> 8);
        data[i + 2] = (byte) color;
        if (size == 4) {
          data[i + 3] = (byte) (color >> 24);
        }
        i += size;
      }
    }
    return new PixelImage(mode, width, image.getHeight(), data);
  }
}
