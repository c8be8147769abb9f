package dev.fare;

import ai.djl.ndarray.NDArray;

/**
 * The Euclidean projection onto the intersection of an l1 ball and [0,1] (Croce &amp; Hein, 2021,
 * section 3): every pixel moves towards the centre by one common shift, but no farther than to it
 * and no less than to where [0,1] begins.
 */
final class L1BoxProjection {

  private L1BoxProjection() {}

  /**
   * What must be added to a perturbed image.
   *
   * @param center {@code [N,...]} in [0,1]
   * @param perturbation the same shape
   * @param epsilon radius of the l1 ball
   * @return the same shape: {@code center + perturbation + change} is the nearest allowed image
   */
  static NDArray change(NDArray center, NDArray perturbation, double epsilon) {
    long images = center.getShape().get(0);
    NDArray x = center.reshape(images, -1); // [N,D]
    NDArray y = perturbation.reshape(images, -1);
    NDArray magnitude = y.abs();
    // how far each pixel must move towards the centre to enter [0,1], and may move at most
    NDArray moved = x.add(y);
    NDArray needed = moved.minimum(x.neg().add(1).sub(y)).minimum(0).neg(); // [N,D] >= 0
    NDArray shrink = shift(needed, magnitude, epsilon).maximum(needed).minimum(magnitude);
    return y.sign().mul(shrink.neg()).reshape(center.getShape());
  }

  /**
   * The common shift that brings each row into the ball.
   *
   * @param least {@code [N,D]}: how far a pixel moves at least
   * @param lengths {@code [N,D]}: how far at most, which is how far it is from the centre
   * @return {@code [N,1]}; 0 where the least moves are enough
   */
  static NDArray shift(NDArray least, NDArray lengths, double epsilon) {
    NDArray radius = lengths.getManager().create(epsilon);
    return Ball.Script.MODULE.call("shift", least, lengths, radius);
  }
}
