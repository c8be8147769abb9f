package dev.fare.models.format.pickle;

import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** A stream that ends at a limit, knows where it is, and can look ahead a few bytes. */
public final class BoundedInput extends FilterInputStream {

  private final long limit;
  private long position;
  private long mark;

  public BoundedInput(InputStream in, long limit) {
    super(new BufferedInputStream(in, 1 << 16));
    this.limit = limit;
  }

  /** The number of bytes that have been read. */
  long position() {
    return position;
  }

  /** The number of bytes before the limit. */
  long left() {
    return limit - position;
  }

  @Override
  public int read() throws IOException {
    if (left() <= 0) {
      return -1;
    }
    int value = in.read();
    if (value >= 0) {
      position++;
    }
    return value;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (length > 0 && left() <= 0) {
      return -1;
    }
    int count = in.read(target, offset, (int) Math.min(length, left()));
    position += Math.max(count, 0);
    return count;
  }

  @Override
  public long skip(long count) throws IOException {
    long skipped = in.skip(Math.min(count, left()));
    position += skipped;
    return skipped;
  }

  @Override
  public int available() throws IOException {
    return (int) Math.min(in.available(), left());
  }

  @Override
  public synchronized void mark(int readLimit) {
    in.mark(readLimit);
    mark = position;
  }

  @Override
  public synchronized void reset() throws IOException {
    in.reset();
    position = mark;
  }

  /** The next bytes as a little-endian number that stays in the stream. */
  long peekNumber(int bytes) throws IOException {
    mark(bytes);
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= (read() & 0xFFL) << (8 * i);
    }
    reset();
    return value;
  }
}
