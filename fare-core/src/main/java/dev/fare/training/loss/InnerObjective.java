package dev.fare.training.loss;

import dev.fare.ImageEncoder;
import dev.fare.Objective;

/** What the attack of a training step leads towards. */
@FunctionalInterface
public interface InnerObjective {

  /**
   * What the attack climbs on one batch.
   *
   * @param encoder the trained encoder as it is now
   * @param targets of the batch
   */
  Objective objective(ImageEncoder encoder, Targets targets);
}
