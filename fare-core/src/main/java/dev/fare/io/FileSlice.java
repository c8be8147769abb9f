package dev.fare.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A run of bytes in a file.
 *
 * <p>It is read as a stream, which an interruption of the thread does not close, and not as a
 * mapping: a mapping stays until the collector finds it, and a file that shrinks beneath one brings
 * the process down.
 *
 * @param file where
 * @param offset of the first byte
 * @param length in bytes
 */
public record FileSlice(Path file, long offset, long length) implements ByteSource {

  @Override
  public InputStream open(long position) throws IOException {
    InputStream in = Files.newInputStream(file);
    try {
      in.skipNBytes(Math.addExact(offset, position));
      return in;
    } catch (IOException | RuntimeException e) {
      in.close();
      throw e;
    }
  }
}
