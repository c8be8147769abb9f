package dev.fare;

import ai.djl.ndarray.NDArray;

/**
 * Searches a ball around each image for one that an {@link Objective} rates higher.
 *
 * <p>A host's own attack implements the first two methods; one that heeds all options is a {@link
 * SeededAttack}, which needs one method only.
 */
public interface Attack {

  /**
   * Perturbs each image of a batch.
   *
   * @param objective what to climb
   * @param pixels clean images {@code [N,C,H,W]} float32 in [0,1]
   * @return images inside the threat model's ball and inside [0,1], owned by the manager of {@code
   *     pixels}
   * @throws IllegalArgumentException if the pixels are of another shape, type or range
   * @throws IllegalStateException if the attack needs a gradient and the objective has none
   */
  AttackResult perturb(Objective objective, NDArray pixels);

  /**
   * The same from a given start, for example what another attack found.
   *
   * @param start images of the shape of {@code pixels}, used as given; the result is brought into
   *     the ball around {@code pixels}
   */
  AttackResult perturb(Objective objective, NDArray pixels, NDArray start);

  /**
   * The same with options. An attack that is no {@link SeededAttack} heeds the start and ignores
   * the rest.
   */
  default AttackResult perturb(Objective objective, NDArray pixels, AttackOptions options) {
    NDArray start = options.start();
    return start == null ? perturb(objective, pixels) : perturb(objective, pixels, start);
  }
}
