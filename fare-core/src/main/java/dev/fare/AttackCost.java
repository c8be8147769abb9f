package dev.fare;

/**
 * What an attack on a batch has spent; every number counts images, not batches.
 *
 * @param forwards images that went through the model, with or without a gradient
 * @param backwards images whose gradient was taken
 * @param nonFiniteGradients how many of those gradients held a NaN or an infinity, which were taken
 *     as zero
 * @param zeroStartGradients how many images had no gradient at all where an attack started, so that
 *     it could not move: a sign that the gradient is hidden
 */
public record AttackCost(
    long forwards, long backwards, long nonFiniteGradients, long zeroStartGradients) {

  /** Nothing spent yet. */
  public static final AttackCost NONE = new AttackCost(0, 0, 0, 0);

  /** The sum of two costs. */
  public AttackCost plus(AttackCost other) {
    return new AttackCost(
        forwards + other.forwards,
        backwards + other.backwards,
        nonFiniteGradients + other.nonFiniteGradients,
        zeroStartGradients + other.zeroStartGradients);
  }
}
