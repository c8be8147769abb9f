package dev.fare.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;

/**
 * A run of bytes in a file.
 *
 * <p>Reads are positioned reads into the tensor's own memory and not a mapping: a mapping stays
 * until the collector finds it, and a file that shrinks beneath one brings the process down.
 *
 * @param file where
 * @param offset of the first byte
 * @param length in bytes
 */
public record FileSlice(Path file, long offset, long length) implements ByteSource {

  @Override
  public ReadableByteChannel open(long position) throws IOException {
    FileChannel channel = FileChannel.open(file);
    try {
      return channel.position(Math.addExact(offset, position));
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }
}
