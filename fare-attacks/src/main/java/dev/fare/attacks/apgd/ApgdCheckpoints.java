package dev.fare.attacks.apgd;

/**
 * When APGD checks its progress for l∞ and l2: the first window is .22 of the steps, each later one
 * shorter by .03 of them, down to .06.
 *
 * @param first steps before the first checkpoint
 * @param shrink by how many the next window is shorter
 * @param least steps between checkpoints at the end
 */
record ApgdCheckpoints(int first, int shrink, int least) {

  static ApgdCheckpoints of(int steps) {
    return new ApgdCheckpoints(fraction(0.22, steps), fraction(0.03, steps), fraction(0.06, steps));
  }

  private static int fraction(double part, int steps) {
    return Math.max((int) (part * steps), 1);
  }

  int next(int window) {
    return Math.max(window - shrink, least);
  }
}
