package dev.fare.models.export.onnx;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.fare.io.ModelFormatException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;

/** Reads a file in protocol buffers' wire format forwards; what it claims is checked first. */
final class ProtoInput {

  static final int VARINT = 0;
  static final int LENGTH_DELIMITED = 2;

  private static final int FIXED_64 = 1;
  private static final int FIXED_32 = 5;
  private static final int MAX_TEXT_BYTES = 1 << 16;
  private static final int MAX_VARINT_BYTES = 10;

  private final RandomAccessFile file;
  private final String origin;
  private final ByteBuffer buffer = ByteBuffer.allocate(1 << 13).limit(0);
  private long bufferStart;

  ProtoInput(RandomAccessFile file, String origin) {
    this.file = file;
    this.origin = origin;
  }

  /** The position of the next byte in the file. */
  long position() {
    return bufferStart + buffer.position();
  }

  /** The next number of up to 64 bits. */
  long varint() throws IOException {
    long value = 0;
    for (int i = 0; i < MAX_VARINT_BYTES; i++) {
      byte next = next();
      value |= (long) (next & 0x7F) << (7 * i);
      if (next >= 0) {
        return value;
      }
    }
    throw wrong("has a number of more than 64 bits");
  }

  /**
   * The end of a field with a length, which comes next.
   *
   * @param end of the message that it is in
   */
  long end(long end) throws IOException {
    long length = varint();
    if (length < 0 || length > end - position()) {
      throw wrong("has a field of " + Long.toUnsignedString(length) + " bytes, which is cut off");
    }
    return position() + length;
  }

  /** A text up to a position. */
  String text(long end) throws IOException {
    if (end - position() > MAX_TEXT_BYTES) {
      throw wrong("has a name of " + (end - position()) + " bytes");
    }
    byte[] bytes = new byte[(int) (end - position())];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = next();
    }
    return new String(bytes, UTF_8);
  }

  /** Goes on at a later position. */
  void skipTo(long position) {
    if (position - bufferStart <= buffer.limit()) {
      buffer.position((int) (position - bufferStart));
    } else {
      bufferStart = position;
      buffer.limit(0);
    }
  }

  /**
   * Goes over a field.
   *
   * @param end of the message that it is in
   */
  void skip(int wireType, long end) throws IOException {
    switch (wireType) {
      case VARINT -> varint();
      case FIXED_64 -> skipTo(position() + Long.BYTES);
      case LENGTH_DELIMITED -> skipTo(end(end));
      case FIXED_32 -> skipTo(position() + Integer.BYTES);
      default -> throw wrong("has a field of the unknown wire type " + wireType);
    }
  }

  ModelFormatException wrong(String what) {
    return new ModelFormatException(
        origin + ": the ONNX file " + what + " at byte " + position() + "; write it again");
  }

  private byte next() throws IOException {
    if (!buffer.hasRemaining()) {
      bufferStart += buffer.limit();
      file.seek(bufferStart);
      int read = file.read(buffer.array());
      buffer.position(0).limit(Math.max(read, 0));
      if (read <= 0) {
        throw wrong("ends inside of a message");
      }
    }
    return buffer.get();
  }
}
