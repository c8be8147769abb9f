package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

import dev.fare.RandomStream;

/**
 * The order in which an epoch visits a data set: a function of (seed, epoch) and nothing else, so
 * that a resumed run sees the images that an uninterrupted one would have seen.
 */
record DataOrder(long seed) {
  private static final long PURPOSE = 0x6f726465722d6f66L;

  /**
   * The indices {@code 0..size-1}, shuffled (Fisher-Yates).
   *
   * @param epoch counted from 0
   */
  int[] indices(long epoch, int size) {
    checkArgument(epoch >= 0 && size >= 0, "epoch %s and size %s can't be negative", epoch, size);
    RandomStream random = new RandomStream(seed, PURPOSE, epoch);
    int[] indices = new int[size];
    for (int i = 0; i < size; i++) {
      int other = random.below(i + 1);
      indices[i] = indices[other];
      indices[other] = i;
    }
    return indices;
  }
}
