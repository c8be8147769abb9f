package dev.fare.attacks.fab;

import ai.djl.ndarray.NDArray;
import dev.fare.Norm;

/**
 * The smallest change that moves a point of the unit cube onto a hyperplane without leaving the
 * cube (Croce &amp; Hein, 2020, "Minimally distorted adversarial examples", section 3.1).
 *
 * <p>Each coordinate can move only towards the plane and only as far as the cube allows. How far
 * the point gets is an increasing piecewise linear function of one multiplier (l∞, l2) or of the
 * number of coordinates that are used up (l1), so the answer lies on the sorted break points. If
 * the cube does not reach the plane, the answer is the cube's nearest corner.
 */
public final class HyperplaneProjection {

  private HyperplaneProjection() {}

  /**
   * The changes for a batch of points.
   *
   * @param norm what is made small
   * @param points {@code [N,D]} in [0,1]
   * @param weights {@code [N,D]} of the hyperplanes
   * @param offsets {@code [N]}: the plane is where {@code weights · z = offset}
   * @return {@code [N,D]}
   */
  public static NDArray change(Norm norm, NDArray points, NDArray weights, NDArray offsets) {
    return FabSearch.Script.MODULE.call(
        "change", new double[] {norm.ordinal()}, points, weights, offsets);
  }
}
