package dev.fare.attacks.apgd;

/**
 * When APGD checks its progress for l∞ and l2.
 *
 * @param first steps before the first checkpoint
 * @param shrink by how many the next window is shorter
 * @param least steps between checkpoints at the end
 */
public record ApgdCheckpoints(int first, int shrink, int least) {

  /**
   * The same as shares of the steps.
   *
   * @param first before the first checkpoint
   * @param shrink by which the next window is shorter
   * @param least between checkpoints at the end
   */
  public record Shares(double first, double shrink, double least) {}

  /** The first window is .22 of the steps, each later one shorter by .03 of them, down to .06. */
  public static final Shares PUBLISHED = new Shares(0.22, 0.03, 0.06);

  static ApgdCheckpoints of(Shares shares, int steps) {
    return new ApgdCheckpoints(
        count(shares.first(), steps), count(shares.shrink(), steps), count(shares.least(), steps));
  }

  private static int count(double share, int steps) {
    return Math.max((int) (share * steps), 1);
  }

  int next(int window) {
    return Math.max(window - shrink, least);
  }
}
