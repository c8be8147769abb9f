package dev.fare.image;

import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;

/**
 * Pillow's {@code Image.resize} followed by a crop, of which only the cropped part is computed: two
 * passes, horizontal first, rounded to bytes in between, weights in 22-bit fixed point. Palette and
 * 1-bit images take the nearest pixel, alpha is premultiplied, wide integers stay unclipped.
 *
 * @param width width of the whole resized image
 * @param height height of the whole resized image
 * @param crop the part of the resized image to keep
 */
record PillowResize(int width, int height, Crop crop, Interpolation interpolation) {
  /** Half of a byte's step in fixed point, so that the shift rounds. */
  private static final int HALF = 1 << (AxisWeights.FRACTION_BITS - 1);

  /** A rectangle inside an image. */
  record Crop(int left, int top, int width, int height) {}

  static PillowResize whole(int width, int height, Interpolation interpolation) {
    return new PillowResize(width, height, new Crop(0, 0, width, height), interpolation);
  }

  PixelImage apply(PixelImage image) {
    if (image.width() == width && image.height() == height) {
      return image.crop(crop.left, crop.top, crop.width, crop.height);
    }
    if (interpolation == Interpolation.NEAREST) {
      return nearest(image);
    }
    return switch (image.mode()) {
      case BILEVEL, PALETTE -> nearest(image);
      case INTEGER -> image.withPixels(crop.width, crop.height, integers(image));
      case GRAY_ALPHA, RGBA -> {
        int channels = image.mode().bytesPerPixel();
        byte[] resized = bytes(image, Premultiplied.of(image.data(), channels));
        Premultiplied.undo(resized, channels);
        yield image.withPixels(crop.width, crop.height, resized);
      }
      case GRAY, RGB, CMYK -> image.withPixels(crop.width, crop.height, bytes(image, image.data()));
    };
  }

  private AxisWeights columns(PixelImage image) {
    return AxisWeights.of(interpolation, image.width(), width, crop.left, crop.left + crop.width);
  }

  private AxisWeights rows(PixelImage image) {
    return AxisWeights.of(interpolation, image.height(), height, crop.top, crop.top + crop.height);
  }

  private byte[] bytes(PixelImage image, byte[] source) {
    int channels = image.mode().bytesPerPixel();
    AxisWeights rows = rows(image);
    byte[] narrowed =
        horizontally(
            source, image.width(), channels, columns(image), rows.firstNeeded(), rows.endNeeded());
    return vertically(narrowed, crop.width * channels, rows);
  }

  /** Source rows {@code fromRow..toRow} -> {@code [rows, columns.outputs(), channels]}. */
  private static byte[] horizontally(
      byte[] source, int sourceWidth, int channels, AxisWeights columns, int fromRow, int toRow) {
    int[] weights = columns.fixedPoint();
    int outputs = columns.outputs();
    byte[] target = new byte[Math.multiplyExact((toRow - fromRow), outputs * channels)];
    int written = 0;
    for (int row = fromRow; row < toRow; row++) {
      int rowStart = row * sourceWidth * channels;
      for (int output = 0; output < outputs; output++) {
        int start = rowStart + columns.first(output) * channels;
        int base = output * columns.taps();
        int end = base + columns.count(output);
        if (channels == 3) {
          weighRgb(source, start, weights, base, end, target, written);
        } else {
          for (int channel = 0; channel < channels; channel++) {
            target[written + channel] =
                weigh(source, start + channel, channels, weights, base, end);
          }
        }
        written += channels;
      }
    }
    return target;
  }

  private static byte weigh(
      byte[] source, int start, int stride, int[] weights, int base, int end) {
    int sum = HALF;
    int position = start;
    for (int tap = base; tap < end; tap++) {
      sum += (source[position] & 0xff) * weights[tap];
      position += stride;
    }
    return clip(sum);
  }

  private static void weighRgb(
      byte[] source, int start, int[] weights, int base, int end, byte[] target, int written) {
    int red = HALF;
    int green = HALF;
    int blue = HALF;
    int position = start;
    for (int tap = base; tap < end; tap++) {
      int weight = weights[tap];
      red += (source[position] & 0xff) * weight;
      green += (source[position + 1] & 0xff) * weight;
      blue += (source[position + 2] & 0xff) * weight;
      position += 3;
    }
    target[written] = clip(red);
    target[written + 1] = clip(green);
    target[written + 2] = clip(blue);
  }

  /** {@code source} begins at the first row needed -> {@code [rows.outputs(), rowBytes]}. */
  private static byte[] vertically(byte[] source, int rowBytes, AxisWeights rows) {
    int[] weights = rows.fixedPoint();
    byte[] target = new byte[Math.multiplyExact(rows.outputs(), rowBytes)];
    int[] sums = new int[rowBytes];
    for (int output = 0; output < rows.outputs(); output++) {
      Arrays.fill(sums, HALF);
      int firstRow = rows.first(output) - rows.firstNeeded();
      for (int tap = 0; tap < rows.count(output); tap++) {
        int weight = weights[output * rows.taps() + tap];
        int start = (firstRow + tap) * rowBytes;
        for (int i = 0; i < rowBytes; i++) {
          sums[i] += (source[start + i] & 0xff) * weight;
        }
      }
      for (int i = 0; i < rowBytes; i++) {
        target[output * rowBytes + i] = clip(sums[i]);
      }
    }
    return target;
  }

  private static byte clip(int sum) {
    return (byte) Math.max(0, Math.min(255, sum >> AxisWeights.FRACTION_BITS));
  }

  private byte[] integers(PixelImage image) {
    IntBuffer source = image.integers();
    AxisWeights columns = columns(image);
    AxisWeights rows = rows(image);
    int firstRow = rows.firstNeeded();
    int[] narrowed = new int[(rows.endNeeded() - firstRow) * crop.width];
    for (int i = 0; i < narrowed.length; i++) {
      int x = i % crop.width;
      int start = (firstRow + i / crop.width) * image.width() + columns.first(x);
      double sum = 0;
      for (int tap = 0; tap < columns.count(x); tap++) {
        sum += source.get(start + tap) * columns.weight(x, tap);
      }
      narrowed[i] = roundHalfAway(sum);
    }
    byte[] target = new byte[Math.multiplyExact(crop.width * crop.height, Integer.BYTES)];
    IntBuffer written = ByteBuffer.wrap(target).asIntBuffer();
    for (int i = 0; i < crop.width * crop.height; i++) {
      int y = i / crop.width;
      int start = (rows.first(y) - firstRow) * crop.width + i % crop.width;
      double sum = 0;
      for (int tap = 0; tap < rows.count(y); tap++) {
        sum += narrowed[start + tap * crop.width] * rows.weight(y, tap);
      }
      written.put(i, roundHalfAway(sum));
    }
    return target;
  }

  private static int roundHalfAway(double value) {
    return (int) (value >= 0 ? value + 0.5 : value - 0.5);
  }

  private PixelImage nearest(PixelImage image) {
    int[] xs = nearestIndices(image.width(), width, crop.left, crop.width);
    int[] ys = nearestIndices(image.height(), height, crop.top, crop.height);
    int size = image.mode().bytesPerPixel();
    byte[] source = image.data();
    byte[] target = new byte[Math.multiplyExact(crop.width * crop.height, size)];
    int written = 0;
    for (int y : ys) {
      for (int x : xs) {
        System.arraycopy(source, (y * image.width() + x) * size, target, written, size);
        written += size;
      }
    }
    return image.withPixels(crop.width, crop.height, target);
  }

  /** The position is summed up step by step as Pillow does, whose rounding it therefore shares. */
  private static int[] nearestIndices(int sourceSize, int targetSize, int from, int count) {
    double step = (double) sourceSize / targetSize;
    double position = step * 0.5;
    for (int i = 0; i < from; i++) {
      position += step;
    }
    int[] indices = new int[count];
    for (int i = 0; i < count; i++) {
      indices[i] = Math.min((int) position, sourceSize - 1);
      position += step;
    }
    return indices;
  }
}
