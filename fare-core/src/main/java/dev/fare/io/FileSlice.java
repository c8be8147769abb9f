package dev.fare.io;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A run of bytes in a file.
 *
 * <p>Reading goes on when the thread is interrupted. It is no mapping: a mapping stays until the
 * collector finds it, and a file that shrinks beneath one brings the process down.
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

  /** Straight into the buffer's memory. */
  @Override
  public void read(long position, ByteBuffer target) throws IOException {
    long shift = Math.addExact(offset, position) - target.position();
    Uninterrupted.run(
        () -> {
          try (FileChannel channel = FileChannel.open(file)) {
            while (target.hasRemaining()) {
              if (channel.read(target, shift + target.position()) < 0) {
                throw new EOFException("it ends " + target.remaining() + " bytes early");
              }
            }
          }
        });
  }
}
