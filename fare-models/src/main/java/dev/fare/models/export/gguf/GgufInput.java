package dev.fare.models.export.gguf;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.fare.io.ModelFormatException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;

/** The header of a GGUF file, read forwards; what it claims is checked before it is allocated. */
final class GgufInput {

  private static final int BUFFER_BYTES = 1 << 16;

  /** Far more than a key, a name or a chat template needs. */
  private static final long MAX_STRING_BYTES = 16L << 20;

  private final InputStream file;
  private final String origin;
  private final long length;
  private final ByteBuffer buffer =
      ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN).limit(0);
  private long read;

  GgufInput(InputStream file, long length, String origin) {
    this.file = file;
    this.origin = origin;
    this.length = length;
  }

  /** The position of the next byte in the file. */
  long position() {
    return read - buffer.remaining();
  }

  /** The number of bytes that follow. */
  long left() {
    return length - position();
  }

  private ByteBuffer next(int bytes) throws IOException {
    if (buffer.remaining() < bytes) {
      buffer.compact();
      while (buffer.position() < bytes) {
        int count = file.read(buffer.array(), buffer.position(), buffer.remaining());
        if (count < 0) {
          throw new ModelFormatException(
              origin + ": the file ends inside of its header; it is cut off, get it again");
        }
        buffer.position(buffer.position() + count);
        read += count;
      }
      buffer.flip();
    }
    return buffer;
  }

  byte int8() throws IOException {
    return next(Byte.BYTES).get();
  }

  short int16() throws IOException {
    return next(Short.BYTES).getShort();
  }

  int int32() throws IOException {
    return next(Integer.BYTES).getInt();
  }

  long uint32() throws IOException {
    return int32() & 0xFFFFFFFFL;
  }

  long int64() throws IOException {
    return next(Long.BYTES).getLong();
  }

  /**
   * A number of things that follow.
   *
   * @param minBytes that each of them has at least
   * @param what they are, for the message
   */
  long count(long minBytes, String what) throws IOException {
    long count = int64();
    if (count < 0 || count > left() / minBytes) {
      throw new ModelFormatException(
          origin
              + ": the header claims "
              + Long.toUnsignedString(count)
              + " "
              + what
              + ", but only "
              + left()
              + " bytes follow");
    }
    return count;
  }

  String string() throws IOException {
    long bytes = count(1, "bytes of a string");
    if (bytes > MAX_STRING_BYTES) {
      throw new ModelFormatException(
          origin
              + ": a string may have up to "
              + MAX_STRING_BYTES
              + " bytes, the header claims "
              + bytes);
    }
    byte[] text = new byte[(int) bytes];
    for (int from = 0; from < text.length; ) {
      int part = Math.min(BUFFER_BYTES, text.length - from);
      next(part).get(text, from, part);
      from += part;
    }
    try {
      return UTF_8.newDecoder().decode(ByteBuffer.wrap(text)).toString();
    } catch (CharacterCodingException e) {
      throw new ModelFormatException(origin + ": a string of the header is not valid UTF-8", e);
    }
  }
}
