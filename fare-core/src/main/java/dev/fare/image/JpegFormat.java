package dev.fare.image;

import dev.fare.image.PixelImage.Mode;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;

/**
 * JPEG through the JDK's libjpeg, asked for the stored components; the colour conversion is
 * libjpeg's integer arithmetic, done here, so that ink and colour come out as in Pillow.
 */
final class JpegFormat {
  private static final int SCALE_BITS = 16;
  private static final int ONE_HALF = 1 << (SCALE_BITS - 1);

  /** Pixels times scans that any file may ask for, a second's work at most. */
  private static final long FREE_WORK = 1L << 28;

  /** The same for each of the file's bytes: a blank picture in ten scans needs half of it. */
  private static final long MOST_WORK = 8192;

  private JpegFormat() {}

  static boolean matches(byte[] file) {
    return file.length >= 3
        && (file[0] & 0xff) == 0xff
        && (file[1] & 0xff) == 0xd8
        && (file[2] & 0xff) == 0xff;
  }

  static PixelImage decode(byte[] file, PixelLimit limit, boolean upright) throws IOException {
    JpegHeader header = JpegHeader.read(file);
    limit.check(header.width(), header.height());
    checkWork(header, file.length);
    ImageReader reader = reader();
    try (WatchedStream stream = new WatchedStream(withoutProfiles(file, header))) {
      reader.setInput(stream, true, true);
      Raster raster = reader.readRaster(0, null);
      if (stream.ranOut()) { // libjpeg fills what is missing with gray
        throw new MalformedImageException("the file is truncated: pixels are missing");
      }
      PixelImage image = toImage(raster, header);
      return upright ? header.orientation().upright(image) : image;
    } finally {
      reader.dispose();
    }
  }

  /** A scan may be a few bytes and yet go over all pixels. */
  private static void checkWork(JpegHeader header, int bytes) throws IOException {
    long work = (long) header.width() * header.height() * header.scans();
    if (work > FREE_WORK && work / bytes > MOST_WORK) {
      throw new MalformedImageException(
          "its %d scans of %d x %d pixels are more work than a file of %d bytes may ask for"
              .formatted(header.scans(), header.width(), header.height(), bytes));
    }
  }

  /** The JDK's own reader: others registered for JPEG may convert colours or decode differently. */
  private static ImageReader reader() throws IOException {
    Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName("jpeg");
    while (readers.hasNext()) {
      ImageReader reader = readers.next();
      if (reader.canReadRaster() && reader.getClass().getName().startsWith("com.sun.imageio.")) {
        return reader;
      }
      reader.dispose();
    }
    throw new MalformedImageException("this Java runtime has no JPEG reader (module java.desktop)");
  }

  /** The JDK refuses files whose colour profile is damaged, and we apply none: they are renamed. */
  private static byte[] withoutProfiles(byte[] file, JpegHeader header) {
    if (header.profiles().isEmpty()) {
      return file;
    }
    byte[] renamed = file.clone();
    header.profiles().forEach(name -> renamed[name] = 0);
    return renamed;
  }

  private static PixelImage toImage(Raster raster, JpegHeader header) throws IOException {
    int width = raster.getWidth();
    int height = raster.getHeight();
    int bands = raster.getNumBands();
    byte[] data =
        (byte[]) raster.getDataElements(raster.getMinX(), raster.getMinY(), width, height, null);
    return switch (bands) {
      case 1 -> new PixelImage(Mode.GRAY, width, height, data);
      case 3 -> {
        if (header.isYcc()) {
          toRgb(data, 3);
        }
        yield new PixelImage(Mode.RGB, width, height, data);
      }
      case 4 -> {
        // Adobe stores ink inverted, and Pillow takes every CMYK JPEG for Adobe's
        if (header.isYcc()) {
          toRgb(data, 4);
          invertLast(data);
        } else {
          invert(data);
        }
        yield new PixelImage(Mode.CMYK, width, height, data);
      }
      default -> throw new MalformedImageException("a JPEG of " + bands + " components");
    };
  }

  /** JFIF's YCbCr to RGB in place, in the 16-bit fixed point of libjpeg. */
  private static void toRgb(byte[] data, int stride) {
    for (int i = 0; i < data.length; i += stride) {
      int y = data[i] & 0xff;
      int cb = (data[i + 1] & 0xff) - 128;
      int cr = (data[i + 2] & 0xff) - 128;
      data[i] = clip(y + ((fixed(1.40200) * cr + ONE_HALF) >> SCALE_BITS));
      data[i + 1] =
          clip(y + ((-fixed(0.34414) * cb - fixed(0.71414) * cr + ONE_HALF) >> SCALE_BITS));
      data[i + 2] = clip(y + ((fixed(1.77200) * cb + ONE_HALF) >> SCALE_BITS));
    }
  }

  private static int fixed(double value) {
    return (int) (value * (1 << SCALE_BITS) + 0.5);
  }

  private static byte clip(int value) {
    return (byte) Math.max(0, Math.min(255, value));
  }

  private static void invert(byte[] data) {
    for (int i = 0; i < data.length; i++) {
      data[i] = (byte) ~data[i];
    }
  }

  private static void invertLast(byte[] data) {
    for (int i = 3; i < data.length; i += 4) {
      data[i] = (byte) ~data[i];
    }
  }
}
