package dev.fare.image;

import dev.fare.image.PixelImage.Mode;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;

/**
 * PNG as stored: no gamma, colour profile or transparent colour is applied. Nothing is allocated
 * before the header's size was checked, and no more is inflated than the pixels need.
 */
final class PngFormat {
  private static final long SIGNATURE = 0x89504E470D0A1A0AL;
  private static final int GRAY = 0;
  private static final int RGB = 2;
  private static final int PALETTE = 3;
  private static final int GRAY_ALPHA = 4;
  private static final int RGBA = 6;

  /** Bytes that one byte of deflate's can stand for, at most. */
  private static final long MOST_INFLATED = 1032;

  private int width;
  private int height;
  private int depth;
  private int colorType;
  private boolean interlaced;
  private byte[] palette = {};
  private final List<InputStream> compressed = new ArrayList<>();
  private long compressedBytes;

  private PngFormat() {}

  static boolean matches(byte[] file) {
    return file.length >= 8 && ByteBuffer.wrap(file).getLong() == SIGNATURE;
  }

  static PixelImage decode(byte[] file, PixelLimit limit) throws IOException {
    PngFormat png = new PngFormat();
    png.readChunks(ByteBuffer.wrap(file), limit);
    return png.readPixels();
  }

  private void readChunks(ByteBuffer file, PixelLimit limit) throws IOException {
    file.position(8);
    boolean ended = false;
    while (file.hasRemaining() && !ended) {
      int start = file.position();
      if (file.remaining() < 12) {
        throw new MalformedImageException("the file is truncated at byte " + start);
      }
      int length = file.getInt();
      String type = StandardCharsets.ISO_8859_1.decode(file.slice(start + 4, 4)).toString();
      if (length < 0 || length > file.remaining() - 8) {
        throw new MalformedImageException(
            "the file is truncated: chunk %s at byte %d says %d bytes, %d are left"
                .formatted(type, start, length & 0xffffffffL, file.remaining() - 8));
      }
      checkCrc(file, start, length, type);
      ByteBuffer body = file.slice(start + 8, length);
      if (width == 0 && !type.equals("IHDR")) {
        throw new MalformedImageException("the first chunk is " + type + " and not IHDR");
      }
      switch (type) {
        case "IHDR" -> readHeader(body, limit);
        case "PLTE" -> readPalette(body);
        case "IDAT" -> {
          compressed.add(new ByteArrayInputStream(file.array(), start + 8, length));
          compressedBytes += length;
        }
        case "IEND" -> ended = true;
        default -> {}
      }
      file.position(start + 12 + length);
    }
  }

  private static void checkCrc(ByteBuffer file, int start, int length, String type)
      throws IOException {
    CRC32 crc = new CRC32();
    crc.update(file.slice(start + 4, 4 + length));
    if ((int) crc.getValue() != file.getInt(start + 8 + length)) {
      throw new MalformedImageException(
          "the checksum of chunk " + type + " at byte " + start + " is wrong");
    }
  }

  private void readHeader(ByteBuffer header, PixelLimit limit) throws IOException {
    if (width != 0 || header.remaining() != 13) {
      throw new MalformedImageException("IHDR must come once, with 13 bytes");
    }
    int givenWidth = header.getInt();
    int givenHeight = header.getInt();
    limit.check(givenWidth, givenHeight);
    width = givenWidth;
    height = givenHeight;
    depth = header.get();
    colorType = header.get();
    boolean knownMethods = header.getShort() == 0;
    byte interlace = header.get();
    List<Integer> depths =
        switch (colorType) {
          case GRAY -> List.of(1, 2, 4, 8, 16);
          case PALETTE -> List.of(1, 2, 4, 8);
          case RGB, GRAY_ALPHA, RGBA -> List.of(8, 16);
          default -> List.of();
        };
    if (!depths.contains(depth) || !knownMethods || interlace < 0 || interlace > 1) {
      throw new MalformedImageException(
          "IHDR has colour type %d, bit depth %d, interlace %d: no such PNG"
              .formatted(colorType, depth, interlace));
    }
    interlaced = interlace == 1;
  }

  /** Entries that the file does not define are grays, as in Pillow. */
  private void readPalette(ByteBuffer body) throws IOException {
    if (body.remaining() % 3 != 0 || body.remaining() > 768) {
      throw new MalformedImageException("PLTE has " + body.remaining() + " bytes");
    }
    palette = new byte[768];
    for (int i = 0; i < 768; i++) {
      palette[i] = (byte) (i / 3);
    }
    body.get(palette, 0, body.remaining());
  }

  private PixelImage readPixels() throws IOException {
    if (width == 0) {
      throw new MalformedImageException("the file is truncated: there is no IHDR chunk");
    }
    if (colorType == PALETTE && palette.length == 0) {
      throw new MalformedImageException("there is no PLTE chunk");
    }
    checkNotMoreThanTheFileCanHold();
    Mode mode = mode();
    byte[] data = new byte[Math.multiplyExact(width * mode.bytesPerPixel(), height)];
    try (InputStream stream =
        new InflaterInputStream(new SequenceInputStream(Collections.enumeration(compressed)))) {
      Rows inflated = new Rows(stream);
      if (interlaced) {
        readPass(inflated, data, 0, 8, 0, 8);
        readPass(inflated, data, 4, 8, 0, 8);
        readPass(inflated, data, 0, 4, 4, 8);
        readPass(inflated, data, 2, 4, 0, 4);
        readPass(inflated, data, 0, 2, 2, 4);
        readPass(inflated, data, 1, 2, 0, 2);
        readPass(inflated, data, 0, 1, 1, 2);
      } else {
        readPass(inflated, data, 0, 1, 0, 1);
      }
    } catch (EOFException e) {
      throw new MalformedImageException("the file is truncated: pixels are missing");
    } catch (ZipException e) {
      throw new MalformedImageException("the compressed pixels are damaged: " + e.getMessage());
    }
    return new PixelImage(mode, width, height, data, palette);
  }

  /** Memory and work are bounded by the file's size: a header may claim what it likes. */
  private void checkNotMoreThanTheFileCanHold() throws IOException {
    long bits = (long) width * height * channels() * depth;
    if (bits / 8 > MOST_INFLATED * (compressedBytes + 1)) {
      throw new MalformedImageException(
          "its header says %d x %d pixels, more than its %d bytes of compressed pixels can hold"
              .formatted(width, height, compressedBytes));
    }
  }

  private Mode mode() {
    return switch (colorType) {
      case GRAY -> depth == 1 ? Mode.BILEVEL : depth == 16 ? Mode.INTEGER : Mode.GRAY;
      case PALETTE -> Mode.PALETTE;
      case RGB -> Mode.RGB;
      case GRAY_ALPHA -> depth == 16 ? Mode.RGBA : Mode.GRAY_ALPHA;
      default -> Mode.RGBA;
    };
  }

  private int channels() {
    return switch (colorType) {
      case GRAY_ALPHA -> 2;
      case RGB -> 3;
      case RGBA -> 4;
      default -> 1;
    };
  }

  /** One pass of Adam7, or all there is: the pixels at {@code firstX + i * stepX} of some rows. */
  private void readPass(Rows inflated, byte[] data, int firstX, int stepX, int firstY, int stepY)
      throws IOException {
    if (firstX >= width) {
      return;
    }
    int pixels = (width - firstX + stepX - 1) / stepX;
    int bits = channels() * depth;
    int rowBytes = Math.toIntExact(((long) pixels * bits + 7) / 8);
    byte[] previous = new byte[rowBytes];
    byte[] row = new byte[rowBytes];
    for (int y = firstY; y < height; y += stepY) {
      int filter = inflated.read(row);
      unfilter(filter, row, previous, Math.max(1, bits / 8));
      if (depth == 8 && stepX == 1) {
        System.arraycopy(row, 0, data, y * rowBytes, rowBytes);
      } else {
        for (int i = 0; i < pixels; i++) {
          writePixel(row, i, data, y * width + firstX + i * stepX);
        }
      }
      byte[] swap = previous;
      previous = row;
      row = swap;
    }
  }

  private static void unfilter(int filter, byte[] row, byte[] above, int distance)
      throws IOException {
    switch (filter) {
      case 0 -> {}
      case 1 -> {
        for (int i = distance; i < row.length; i++) {
          row[i] += row[i - distance];
        }
      }
      case 2 -> {
        for (int i = 0; i < row.length; i++) {
          row[i] += above[i];
        }
      }
      case 3 -> {
        for (int i = 0; i < row.length; i++) {
          int left = i < distance ? 0 : row[i - distance] & 0xff;
          row[i] += (byte) ((left + (above[i] & 0xff)) / 2);
        }
      }
      case 4 -> {
        for (int i = 0; i < row.length; i++) {
          int left = i < distance ? 0 : row[i - distance] & 0xff;
          int corner = i < distance ? 0 : above[i - distance] & 0xff;
          row[i] += (byte) paeth(left, above[i] & 0xff, corner);
        }
      }
      default -> throw new MalformedImageException("unknown row filter " + filter);
    }
  }

  private static int paeth(int left, int above, int corner) {
    int estimate = left + above - corner;
    int toLeft = Math.abs(estimate - left);
    int toAbove = Math.abs(estimate - above);
    int toCorner = Math.abs(estimate - corner);
    if (toLeft <= toAbove && toLeft <= toCorner) {
      return left;
    }
    return toAbove <= toCorner ? above : corner;
  }

  private void writePixel(byte[] row, int i, byte[] data, int pixel) {
    switch (depth) {
      case 8 -> {
        int channels = channels();
        System.arraycopy(row, i * channels, data, pixel * channels, channels);
      }
      case 16 -> writeWide(row, i, data, pixel);
      default -> {
        int bit = i * depth;
        int max = (1 << depth) - 1;
        int value = row[bit / 8] >> (8 - depth - bit % 8) & max;
        data[pixel] = (byte) (colorType == PALETTE ? value : value * 255 / max);
      }
    }
  }

  /** Rows of inflated bytes, many at a time: an image may be a million rows of one pixel. */
  private static final class Rows {
    private final InputStream stream;
    private final byte[] buffer = new byte[1 << 16];
    private int position;
    private int end;

    Rows(InputStream stream) {
      this.stream = stream;
    }

    /** Reads a row's pixels and returns its filter. */
    int read(byte[] row) throws IOException {
      if (position == end) {
        fill();
      }
      int filter = buffer[position++];
      for (int done = 0; done < row.length; ) {
        if (position == end) {
          fill();
        }
        int count = Math.min(end - position, row.length - done);
        System.arraycopy(buffer, position, row, done, count);
        position += count;
        done += count;
      }
      return filter;
    }

    private void fill() throws IOException {
      position = 0;
      end = stream.read(buffer);
      if (end <= 0) {
        throw new EOFException();
      }
    }
  }

  /** Pillow keeps 16 bits of gray alone and the high byte of colours. */
  private void writeWide(byte[] row, int i, byte[] data, int pixel) {
    switch (colorType) {
      case GRAY -> System.arraycopy(row, i * 2, data, pixel * 4 + 2, 2);
      case GRAY_ALPHA -> {
        Arrays.fill(data, pixel * 4, pixel * 4 + 3, row[i * 4]);
        data[pixel * 4 + 3] = row[i * 4 + 2];
      }
      default -> {
        int channels = channels();
        for (int channel = 0; channel < channels; channel++) {
          data[pixel * channels + channel] = row[(i * channels + channel) * 2];
        }
      }
    }
  }
}
