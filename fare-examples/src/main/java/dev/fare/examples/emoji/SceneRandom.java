package dev.fare.examples.emoji;

import java.nio.charset.StandardCharsets;

/**
 * The random numbers of one scene, fixed by (seed, purpose, index): a SplitMix64 sequence, so that
 * a scene does not depend on the batch, the thread or the Java version it is rendered with.
 */
final class SceneRandom {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private long state;

  SceneRandom(long seed, String purpose, long index) {
    long hash = mix(seed + GOLDEN_GAMMA);
    for (byte value : purpose.getBytes(StandardCharsets.UTF_8)) {
      hash = mix(hash ^ value) + GOLDEN_GAMMA;
    }
    state = mix(hash + mix(index + GOLDEN_GAMMA));
  }

  long nextLong() {
    state += GOLDEN_GAMMA;
    return mix(state);
  }

  /** Uniform in [0, 1). */
  float nextFloat() {
    return (nextLong() >>> 40) * 0x1p-24f;
  }

  /** Uniform in [0, bound). */
  int nextInt(int bound) {
    return (int) (((nextLong() >>> 32) * bound) >>> 32);
  }

  /** Uniform in [low, high). */
  float between(double low, double high) {
    return (float) (low + (high - low) * nextFloat());
  }

  /** True with the given probability. */
  boolean chance(double probability) {
    return nextFloat() < probability;
  }

  /** A random order of 0, 1, …, size − 1. */
  int[] permutation(int size) {
    int[] order = new int[size];
    for (int i = 0; i < size; i++) {
      int other = nextInt(i + 1);
      order[i] = order[other];
      order[other] = i;
    }
    return order;
  }

  private static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
