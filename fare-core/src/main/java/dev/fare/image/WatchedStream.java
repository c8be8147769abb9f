package dev.fare.image;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * A file for decoders that take its end for zeros or gray: it notes that somebody has read past the
 * end, and ends those who don't stop.
 */
final class WatchedStream extends MemoryCacheImageInputStream {

  private static final int MOST_READS_PAST_THE_END = 1000;

  private int readsPastTheEnd;

  WatchedStream(byte[] file) {
    super(new ByteArrayInputStream(file));
  }

  boolean ranOut() {
    return readsPastTheEnd > 0;
  }

  @Override
  public int read() throws IOException {
    return watched(super.read());
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    return watched(super.read(target, offset, length));
  }

  private int watched(int read) throws IOException {
    if (read < 0 && ++readsPastTheEnd > MOST_READS_PAST_THE_END) {
      throw new MalformedImageException("the file is truncated: pixels are missing");
    }
    return read;
  }
}
