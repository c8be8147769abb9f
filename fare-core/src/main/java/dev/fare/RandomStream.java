package dev.fare;

import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Random draws that follow from a seed, a purpose and where they are needed, and nothing else.
 * Data, training and attacks each keep the derivation that recorded runs were made with.
 */
public final class RandomStream {

  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  private final SplittableRandom random;

  /**
   * Starts a stream of the data's.
   *
   * @param purpose sets these draws apart from others of the same seed
   * @param place say the epoch, or the epoch and the image
   */
  public RandomStream(long seed, long purpose, long... place) {
    long state = finishMurmur(seed ^ purpose);
    for (long coordinate : place) {
      state = finishMurmur(state + coordinate);
    }
    random = new SplittableRandom(state);
  }

  /** In {@code [0, bound)}; spelled out, since a Java release may change {@code nextInt(bound)}. */
  public int below(int bound) {
    return (int) (((random.nextLong() >>> 32) * bound) >>> 32);
  }

  /** In {@code [from, to)}, of 53 random bits. */
  public double between(double from, double to) {
    return from + (random.nextLong() >>> 11) * 0x1p-53 * (to - from);
  }

  /** A seed of training's that follows from the three and from nothing else. */
  public static long seed(long seed, String purpose, long index) {
    long mixed = finishSplitMix(seed + GOLDEN);
    for (int i = 0; i < purpose.length(); i++) {
      mixed = finishSplitMix(mixed + purpose.charAt(i) + GOLDEN);
    }
    return finishSplitMix(mixed + index * GOLDEN);
  }

  /**
   * An attack's numbers for one image.
   *
   * @param purpose a name, such as {@code pgd start}
   * @param round for example the restart's number
   */
  public static RandomGenerator ofImage(long seed, long imageId, String purpose, long round) {
    long state = finishSplitMix(seed + GOLDEN);
    state = finishSplitMix(state ^ purpose.hashCode());
    state = finishSplitMix(state + imageId * 0xd1342543de82ef95L);
    return new SplittableRandom(finishSplitMix(state + round * 0xaf251af3b0f025b5L));
  }

  /** The finalizer of MurmurHash3: every input bit reaches every output bit. */
  private static long finishMurmur(long value) {
    long mixed = (value ^ (value >>> 33)) * 0xff51afd7ed558ccdL;
    mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return mixed ^ (mixed >>> 33);
  }

  /** The finalizer of SplitMix64: every input bit reaches every output bit. */
  private static long finishSplitMix(long value) {
    long mixed = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
    return mixed ^ (mixed >>> 31);
  }
}
