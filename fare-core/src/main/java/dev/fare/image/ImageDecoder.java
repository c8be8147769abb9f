package dev.fare.image;

import static com.google.common.base.Preconditions.checkArgument;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Reads image files as Pillow opens them: PNG and JPEG by own rules, exactly; other formats through
 * ImageIO and whatever plug-ins the application has. EXIF orientation, colour profiles and gamma
 * are ignored. A file is hostile until proven otherwise: its size and the size its header claims
 * are checked before memory is taken. Immutable and thread-safe.
 *
 * @param maxPixels the most pixels an image may have, at most 2^29 - 1
 * @param maxFileBytes the most bytes a file may have
 * @param appliesOrientation whether JPEGs are turned upright as their EXIF orientation says; none
 *     of the CLIP pipelines does
 */
public record ImageDecoder(long maxPixels, int maxFileBytes, boolean appliesOrientation) {
  /** Pillow's limit for decompression bombs: a quarter gigabyte of RGB, divided by 3 bytes. */
  public static final long DEFAULT_MAX_PIXELS = 178_956_970;

  private static final int DEFAULT_MAX_FILE_BYTES = 1 << 28;

  /** A decoder with the given limits. */
  public ImageDecoder {
    checkArgument(
        maxPixels > 0 && maxPixels <= Integer.MAX_VALUE / 4,
        "maxPixels must be in [1, %s], got %s",
        Integer.MAX_VALUE / 4,
        maxPixels);
    checkArgument(maxFileBytes > 0, "maxFileBytes must be positive, got %s", maxFileBytes);
  }

  /** A decoder with Pillow's limit of pixels, for files up to 256 MiB. */
  public static ImageDecoder standard() {
    return new ImageDecoder(DEFAULT_MAX_PIXELS, DEFAULT_MAX_FILE_BYTES, false);
  }

  /** The same decoder with another limit of pixels. */
  public ImageDecoder maxPixels(long newMaxPixels) {
    return new ImageDecoder(newMaxPixels, maxFileBytes, appliesOrientation);
  }

  /** The same decoder, turning JPEGs upright, or not. */
  public ImageDecoder appliesOrientation(boolean newAppliesOrientation) {
    return new ImageDecoder(maxPixels, maxFileBytes, newAppliesOrientation);
  }

  /**
   * Reads a file.
   *
   * @throws UnreadableImageException if the file is not an image, is damaged or too large
   * @throws IOException if the file can't be read at all
   */
  public PixelImage decode(Path file) throws IOException {
    try (InputStream stream = Files.newInputStream(file)) {
      return decode(stream, file.toString());
    }
  }

  /**
   * Reads a stream to its end, or to the limit; the caller closes it.
   *
   * @param name what to call it in errors
   */
  public PixelImage decode(InputStream stream, String name) throws IOException {
    byte[] file = stream.readNBytes(maxFileBytes);
    if (file.length == maxFileBytes && stream.read() >= 0) {
      throw new UnreadableImageException(
          name, "it has more than the " + maxFileBytes + " bytes allowed", null);
    }
    return decode(file, name);
  }

  /**
   * Reads an encoded image from memory.
   *
   * @param name what to call it in errors
   */
  public PixelImage decode(byte[] file, String name) throws UnreadableImageException {
    PixelLimit limit = new PixelLimit(maxPixels);
    try {
      if (PngFormat.matches(file)) {
        return PngFormat.decode(file, limit);
      }
      return JpegFormat.matches(file)
          ? JpegFormat.decode(file, limit, appliesOrientation)
          : PluginFormat.decode(file, limit);
    } catch (MalformedImageException e) {
      throw new UnreadableImageException(name, e.reason(), null);
    } catch (IOException | RuntimeException e) {
      // plug-ins throw whatever they stumble over
      throw new UnreadableImageException(name, "the decoder says: " + e, e);
    }
  }
}
