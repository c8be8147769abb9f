package dev.fare.io;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/** Bytes in a file that are opened each time they are needed, so that nothing stays open. */
public interface ByteSource {

  /** The number of bytes. */
  long length();

  /** Opens the bytes for reading once, from the given one on; the caller closes the stream. */
  InputStream open(long position) throws IOException;

  /**
   * Fills a buffer with the bytes from the given one on.
   *
   * @throws EOFException if there are fewer
   */
  default void read(long position, ByteBuffer target) throws IOException {
    byte[] chunk = new byte[Math.min(target.remaining(), 1 << 17)];
    try (InputStream in = open(position)) {
      while (target.hasRemaining()) {
        int count = Math.min(chunk.length, target.remaining());
        int read = in.readNBytes(chunk, 0, count);
        target.put(chunk, 0, read);
        if (read < count) {
          throw new EOFException("it ends " + target.remaining() + " bytes early");
        }
      }
    }
  }
}
