package dev.fare.training.validation;

import ai.djl.ndarray.NDArray;
import dev.fare.Attack;
import dev.fare.AttackOptions;
import dev.fare.AttackResult;
import dev.fare.ImageEncoder;
import dev.fare.Objective;

/** What a validation counts of each image, clean and under attack. */
interface ValidationMetric {

  /** Name of the clean value. */
  String cleanName();

  /** Name of the value under attack. */
  String attackedName();

  /**
   * Adds up over some images.
   *
   * @return the sums, clean and under attack
   */
  Sums of(ImageEncoder encoder, ImageEncoder original, Images images, Attack attack);

  /** A clean sum and one under attack. */
  record Sums(double clean, double attacked) {
    Sums plus(Sums other) {
      return new Sums(clean + other.clean, attacked + other.attacked);
    }
  }

  /**
   * A batch.
   *
   * @param pixels {@code [n,3,H,W]}
   * @param ids the images' numbers in the data set, which an attack's draws follow from
   * @param labels their classes, empty where nobody asks
   */
  @SuppressWarnings("ArrayRecordComponent") // handed through, never compared
  record Images(NDArray pixels, long[] ids, long[] labels) {

    AttackResult attackedBy(Attack attack, Objective objective) {
      return attack.perturb(objective, pixels, AttackOptions.none().withImageIds(ids));
    }
  }
}
