package dev.fare;

import ai.djl.ndarray.NDArray;

/**
 * An attack that heeds all options and whose random draws are a function of (seed, image id) alone:
 * an image gets the same perturbation whichever batch it stands in.
 */
public interface SeededAttack extends Attack {

  @Override
  AttackResult perturb(Objective objective, NDArray pixels, AttackOptions options);

  @Override
  default AttackResult perturb(Objective objective, NDArray pixels) {
    return perturb(objective, pixels, AttackOptions.none());
  }

  @Override
  default AttackResult perturb(Objective objective, NDArray pixels, NDArray start) {
    return perturb(objective, pixels, AttackOptions.none().withStart(start));
  }
}
