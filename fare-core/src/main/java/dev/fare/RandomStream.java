package dev.fare;

import java.util.SplittableRandom;

/** Random draws that follow from a seed, a purpose and where they are needed, and nothing else. */
public final class RandomStream {

  private final SplittableRandom random;

  /**
   * Starts a stream.
   *
   * @param purpose sets these draws apart from others of the same seed
   * @param place say the epoch, or the epoch and the image
   */
  public RandomStream(long seed, long purpose, long... place) {
    long state = mix(seed ^ purpose);
    for (long coordinate : place) {
      state = mix(state + coordinate);
    }
    random = new SplittableRandom(state);
  }

  /** In {@code [0, bound)}; spelled out, since a Java release may change {@code nextInt(bound)}. */
  public int below(int bound) {
    return (int) ((random.nextLong() >>> 32) * bound >>> 32);
  }

  /** In {@code [from, to)}, of 53 random bits. */
  public double between(double from, double to) {
    return from + (random.nextLong() >>> 11) * 0x1p-53 * (to - from);
  }

  /** The finalizer of MurmurHash3: every input bit reaches every output bit. */
  private static long mix(long value) {
    long mixed = (value ^ (value >>> 33)) * 0xff51afd7ed558ccdL;
    mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return mixed ^ (mixed >>> 33);
  }
}
