package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.SplittableRandom;

/**
 * The order in which an epoch visits a data set: a function of (seed, epoch) and nothing else, so
 * that a resumed run sees the images that an uninterrupted one would have seen.
 */
public record DataOrder(long seed) {
  /** Sets the draws of this purpose apart from others of the same seed. */
  private static final long PURPOSE = 0x6f726465722d6f66L;

  /**
   * The indices {@code 0..size-1}, shuffled (Fisher-Yates).
   *
   * @param epoch counted from 0
   */
  public int[] indices(long epoch, int size) {
    checkArgument(epoch >= 0 && size >= 0, "epoch %s and size %s can't be negative", epoch, size);
    SplittableRandom random = new SplittableRandom(mix(mix(seed ^ PURPOSE) + epoch));
    int[] indices = new int[size];
    for (int i = 0; i < size; i++) {
      int other = below(i + 1, random);
      indices[i] = indices[other];
      indices[other] = i;
    }
    return indices;
  }

  /** Spelled out rather than {@code nextInt(bound)}, whose algorithm a Java release may change. */
  private static int below(int bound, SplittableRandom random) {
    return (int) ((random.nextLong() >>> 32) * bound >>> 32);
  }

  /** The finalizer of MurmurHash3: every input bit reaches every output bit. */
  private static long mix(long value) {
    long mixed = (value ^ (value >>> 33)) * 0xff51afd7ed558ccdL;
    mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return mixed ^ (mixed >>> 33);
  }
}
