package dev.fare;

/** An attack whose random draws follow from a seed. */
public interface SeededAttack extends Attack {

  /**
   * The same attack with other draws.
   *
   * @param seed what every draw follows from, together with its purpose and index
   */
  SeededAttack withSeed(long seed);
}
