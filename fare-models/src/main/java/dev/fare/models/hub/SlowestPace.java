package dev.fare.models.hub;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/**
 * The slowest that a hub may answer: a read that brings a byte now and then never times out.
 *
 * @param window of time
 * @param bytes that must arrive in each window
 */
record SlowestPace(Duration window, long bytes) {

  /** A kilobyte a second, over a minute. */
  static final SlowestPace DEFAULT = new SlowestPace(Duration.ofMinutes(1), 60_000);

  /** A stream that breaks off when less arrives. */
  InputStream keptBy(InputStream in) {
    return new Kept(in);
  }

  private final class Kept extends FilterInputStream {

    private long windowStart = System.nanoTime();
    private long arrived;

    Kept(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int value = super.read();
      check(value < 0 ? 0 : 1);
      return value;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int count = super.read(buffer, offset, length);
      check(count);
      return count;
    }

    private void check(int count) throws IOException {
      arrived += Math.max(count, 0);
      long now = System.nanoTime();
      if (count >= 0 && now - windowStart > window.toNanos()) {
        if (arrived < bytes) {
          throw new IOException(
              "the hub sent only " + arrived + " bytes in " + window.toSeconds() + " s");
        }
        windowStart = now;
        arrived = 0;
      }
    }
  }
}
