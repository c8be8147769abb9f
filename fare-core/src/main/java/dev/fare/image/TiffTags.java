package dev.fare.image;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.OptionalInt;

/** Short numbers in the first directory of a TIFF file, which EXIF is one of, too. */
final class TiffTags {

  static final int PHOTOMETRIC = 0x0106;
  static final int ORIENTATION = 0x0112;
  static final int SAMPLE_FORMAT = 0x0153;
  private static final int SHORT = 3;

  private TiffTags() {}

  /**
   * A tag's value, the first of several; empty where it is absent or makes no sense.
   *
   * @param tiff begins with the byte order mark
   */
  static OptionalInt value(ByteBuffer tiff, int tag) {
    ByteBuffer file = tiff.slice();
    try {
      file.order(file.getShort() == 0x4949 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
      file.position(file.getInt(4));
      int entries = file.getShort() & 0xffff;
      for (int entry = 0; entry < entries; entry++) {
        int start = file.position();
        if ((file.getShort(start) & 0xffff) == tag && file.getShort(start + 2) == SHORT) {
          boolean inPlace = file.getInt(start + 4) <= 2;
          return OptionalInt.of(file.getShort(inPlace ? start + 8 : file.getInt(start + 8)));
        }
        file.position(start + 12);
      }
    } catch (BufferUnderflowException | IllegalArgumentException | IndexOutOfBoundsException e) {
      return OptionalInt.empty();
    }
    return OptionalInt.empty();
  }
}
