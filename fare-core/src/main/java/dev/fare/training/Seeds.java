package dev.fare.training;

/** Seeds of their own for every purpose and index, so that no draw depends on another. */
final class Seeds {

  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  private Seeds() {}

  /** A seed that follows from the three and from nothing else. */
  static long mix(long seed, String purpose, long index) {
    long mixed = finish(seed + GOLDEN);
    for (int i = 0; i < purpose.length(); i++) {
      mixed = finish(mixed + purpose.charAt(i) + GOLDEN);
    }
    return finish(mixed + index * GOLDEN);
  }

  /** The finalizer of SplitMix64: every input bit reaches every output bit. */
  private static long finish(long value) {
    long mixed = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
    return mixed ^ (mixed >>> 31);
  }
}
