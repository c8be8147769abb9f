package dev.fare.image;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;

/** Every other format, through ImageIO and its plug-ins. */
final class PluginFormat {

  /** Pixels that any file may claim. */
  private static final long FREE_PIXELS = 1L << 24;

  /** The same for each of the file's bytes. */
  private static final long MOST_PIXELS = 4096;

  private static final int SEPARATED = 5;
  private static final int BMP_JPEG = 4;
  private static final int BMP_PNG = 5;
  private static final int UNSIGNED = 1;

  private PluginFormat() {}

  static PixelImage decode(byte[] file, PixelLimit limit) throws IOException {
    checkWebp(file);
    try (WatchedStream stream = new WatchedStream(file)) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(stream);
      if (!readers.hasNext()) {
        throw new MalformedImageException(
            "its first bytes %s are neither PNG, JPEG nor a format that ImageIO has a plug-in for (WebP: com.twelvemonkeys.imageio:imageio-webp)"
                .formatted(
                    HexFormat.of().formatHex(Arrays.copyOf(file, Math.min(8, file.length)))));
      }
      ImageReader reader = readers.next();
      try {
        reader.setInput(stream, true, false);
        return read(reader, file, limit);
      } finally {
        reader.dispose();
      }
    }
  }

  private static PixelImage read(ImageReader reader, byte[] file, PixelLimit limit)
      throws IOException {
    check(reader.getWidth(0), reader.getHeight(0), file, limit);
    return switch (reader.getFormatName().toLowerCase(Locale.ROOT)) {
      case "gif" -> {
        GifCanvas canvas = GifCanvas.of(reader, file);
        check(canvas.width(), canvas.height(), file, limit);
        yield PixelImage.of(canvas.with(reader.read(0)));
      }
      case "bmp" -> {
        refuseEmbedded(file);
        yield PixelImage.of(reader.read(0));
      }
      case "tif", "tiff" -> readTiff(reader, ByteBuffer.wrap(file));
      default -> PixelImage.of(reader.read(0));
    };
  }

  private static void check(int width, int height, byte[] file, PixelLimit limit)
      throws IOException {
    limit.check(width, height);
    long pixels = (long) width * height;
    if (pixels > FREE_PIXELS && pixels / file.length > MOST_PIXELS) {
      throw new MalformedImageException(
          "its header says %d x %d pixels, more than a file of %d bytes may claim"
              .formatted(width, height, file.length));
    }
  }

  /** The plug-in takes whatever follows for a frame's size. */
  private static void checkWebp(byte[] file) throws IOException {
    if (file.length < 26 || !new String(file, 8, 8, ISO_8859_1).equals("WEBPVP8 ")) {
      return;
    }
    boolean isKeyFrame = (file[20] & 1) == 0;
    if (!isKeyFrame || file[23] != (byte) 0x9d || file[24] != 0x01 || file[25] != 0x2a) {
      throw new MalformedImageException("its VP8 data don't begin with a key frame");
    }
  }

  /** ImageIO takes as much memory as such a file claims; Pillow reads none either. */
  private static void refuseEmbedded(byte[] bmp) throws IOException {
    int compression = bmp.length < 34 ? 0 : bmp[30] & 0xff;
    if (compression == BMP_JPEG || compression == BMP_PNG) {
      throw new MalformedImageException("it is a BMP around a JPEG or PNG; take that one");
    }
  }

  /**
   * Turned as its tag says, as Pillow does; what Java converts otherwise than Pillow is refused.
   */
  private static PixelImage readTiff(ImageReader reader, ByteBuffer file) throws IOException {
    if (TiffTags.value(file, TiffTags.PHOTOMETRIC).orElse(0) == SEPARATED) {
      throw new MalformedImageException("it is a TIFF in CMYK; convert it to RGB");
    }
    if (TiffTags.value(file, TiffTags.SAMPLE_FORMAT).orElse(UNSIGNED) != UNSIGNED) {
      throw new MalformedImageException(
          "it is a TIFF of floating-point or signed numbers; convert it to 8 bits");
    }
    BufferedImage image = reader.read(0);
    return ExifOrientation.of(file).upright(PixelImage.of(image));
  }
}
