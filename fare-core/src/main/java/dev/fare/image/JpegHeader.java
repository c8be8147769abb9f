package dev.fare.image;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What a JPEG says before its first scan, and how many scans come.
 *
 * @param isYcc whether the first three components are luma and chroma, by libjpeg's rules
 * @param orientation how the camera was held
 * @param profiles where the segments of a colour profile have their names
 * @param scans how often its pixels are gone over
 */
record JpegHeader(
    int width,
    int height,
    int components,
    boolean isYcc,
    ExifOrientation orientation,
    List<Integer> profiles,
    int scans) {
  private static final int START_OF_SCAN = 0xda;
  private static final int FIRST_RESTART = 0xd0;
  private static final int LAST_RESTART = 0xd7;
  private static final int END_OF_IMAGE = 0xd9;
  private static final int APP0 = 0xe0;
  private static final int APP1 = 0xe1;
  private static final int APP2 = 0xe2;
  private static final int APP14 = 0xee;
  private static final int NO_ADOBE = -1;

  static JpegHeader read(byte[] file) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(file).position(2);
    boolean jfif = false;
    int adobeTransform = NO_ADOBE;
    ExifOrientation orientation = ExifOrientation.UPRIGHT;
    List<Integer> profiles = new ArrayList<>();
    try {
      while (true) {
        int marker = nextMarker(buffer);
        if (marker == START_OF_SCAN || marker == END_OF_IMAGE) {
          throw new MalformedImageException("there is no frame header before the pixels");
        }
        int end = buffer.position() + (buffer.getShort() & 0xffff);
        if (isFrame(marker)) {
          int scans = scans(buffer.duplicate().position(end));
          return frame(buffer, jfif, adobeTransform, orientation, profiles, scans);
        }
        if (marker == APP0) {
          jfif |= startsWith(buffer, "JFIF\0");
        } else if (marker == APP1 && startsWith(buffer, "Exif\0\0")) {
          int tiff = buffer.position() + 6;
          orientation = ExifOrientation.of(buffer.slice(tiff, Math.max(0, end - tiff)));
        } else if (marker == APP2 && startsWith(buffer, "ICC_PROFILE\0")) {
          profiles.add(buffer.position());
        } else if (marker == APP14
            && startsWith(buffer, "Adobe")
            && end - buffer.position() >= 12) {
          adobeTransform = buffer.get(buffer.position() + 11);
        }
        buffer.position(end);
      }
    } catch (BufferUnderflowException | IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new MalformedImageException("the file is truncated in its header");
    }
  }

  private static int scans(ByteBuffer afterFrame) {
    int scans = 0;
    try {
      for (int marker = 0; marker != END_OF_IMAGE; marker = nextMarker(afterFrame)) {
        if (marker == START_OF_SCAN) {
          scans++;
        }
        boolean isInScan = marker <= 1 || (marker >= FIRST_RESTART && marker <= LAST_RESTART);
        if (!isInScan) {
          int length = afterFrame.getShort(afterFrame.position()) & 0xffff;
          afterFrame.position(afterFrame.position() + length);
        }
      }
    } catch (BufferUnderflowException | IllegalArgumentException | IndexOutOfBoundsException e) {
      return scans; // cut off, which the decoder tells
    }
    return scans;
  }

  private static int nextMarker(ByteBuffer buffer) {
    while ((buffer.get() & 0xff) != 0xff) {
      // stray bytes between segments are skipped, as libjpeg does
    }
    int marker = 0xff;
    while (marker == 0xff) {
      marker = buffer.get() & 0xff;
    }
    return marker;
  }

  private static boolean isFrame(int marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
  }

  private static boolean startsWith(ByteBuffer buffer, String name) {
    byte[] expected = name.getBytes(StandardCharsets.ISO_8859_1);
    return buffer.remaining() >= expected.length
        && buffer.slice(buffer.position(), expected.length).equals(ByteBuffer.wrap(expected));
  }

  private static JpegHeader frame(
      ByteBuffer buffer,
      boolean jfif,
      int adobeTransform,
      ExifOrientation orientation,
      List<Integer> profiles,
      int scans) {
    buffer.get(); // bits a sample
    int height = buffer.getShort() & 0xffff;
    int width = buffer.getShort() & 0xffff;
    int components = buffer.get() & 0xff;
    StringBuilder ids = new StringBuilder();
    for (int i = 0; i < components; i++) {
      ids.append((char) (buffer.get() & 0xff));
      buffer.getShort();
    }
    boolean ycc =
        switch (components) {
          case 3 ->
              jfif
                  || (adobeTransform == NO_ADOBE
                      ? !ids.toString().equals("RGB")
                      : adobeTransform != 0);
          case 4 -> adobeTransform > 0;
          default -> false;
        };
    return new JpegHeader(width, height, components, ycc, orientation, profiles, scans);
  }
}
