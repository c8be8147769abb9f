package dev.fare;

import ai.djl.ndarray.NDArray;

/**
 * An attack whose random draws are a function of (seed, image id) alone: an image gets the same
 * perturbation whichever batch it stands in.
 */
public interface SeededAttack extends Attack {

  /** Where the random draws come from. */
  long seed();

  /**
   * The same attack with other random draws; adversarial training takes a fresh seed each step.
   *
   * @param seed any number
   */
  SeededAttack withSeed(long seed);

  /**
   * Perturbs some images of a larger set.
   *
   * @param imageIds each image's number in the set, one per row of {@code pixels}; without them the
   *     rows count from 0
   */
  AttackResult perturb(Objective objective, NDArray pixels, long[] imageIds);
}
