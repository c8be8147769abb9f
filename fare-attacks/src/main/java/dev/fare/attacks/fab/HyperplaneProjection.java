package dev.fare.attacks.fab;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
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

  private static final double NO_WEIGHT = 1e-8;
  private static final float FAR = 1e12f;
  private static final int[] ROW = {1};

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
    NDArray gap = weights.mul(points).sum(ROW).sub(offsets); // [N]
    NDArray side = gap.gte(0).toType(DataType.FLOAT32, false).mul(2).sub(1);
    NDArray w = weights.mul(side.expandDims(1));
    NDArray toGo = gap.mul(side).expandDims(1); // [N,1], >= 0: w · z has to fall by this much
    NDArray slope = w.abs();
    NDArray rising = w.gt(0).toType(DataType.FLOAT32, false);
    NDArray falling = w.lt(0).toType(DataType.FLOAT32, false);
    NDArray room = points.mul(rising).add(points.neg().add(1).mul(falling));
    NDArray length =
        switch (norm) {
          case LINF -> fill(room, slope.onesLike(), slope, room, toGo);
          case L2 -> {
            NDArray used = slope.gt(NO_WEIGHT).toType(DataType.FLOAT32, false);
            NDArray breaks =
                room.div(slope.maximum(NO_WEIGHT)).mul(used).add(used.neg().add(1).mul(FAR));
            yield fill(breaks, slope.mul(used), slope, room.mul(used), toGo);
          }
          case L1 -> greedy(slope, room, toGo);
        };
    return w.sign().neg().mul(length);
  }

  /**
   * Raises a level until the point has come far enough; coordinate i has moved by {@code min(level
   * × speed, room)}.
   *
   * @param breaks {@code [N,D]}: the level at which a coordinate's room is used up
   * @return {@code [N,D]}: how far each coordinate moves
   */
  private static NDArray fill(
      NDArray breaks, NDArray speed, NDArray slope, NDArray room, NDArray toGo) {
    NDArray order = breaks.argSort(1);
    NDArray sorted = breaks.gather(order, 1);
    NDArray gain = slope.mul(room).gather(order, 1); // of a used up coordinate
    NDArray rate = slope.mul(speed).gather(order, 1); // while it moves
    NDArray gained = gain.cumSum(1).sub(gain); // by those used up before
    NDArray rates = rate.flip(1).cumSum(1).flip(1); // by those still moving
    NDArray reached = gained.add(sorted.mul(rates));
    NDArray segment = firstNotBelow(reached, toGo);
    NDArray level =
        toGo.sub(gained.gather(segment, 1)).div(rates.gather(segment, 1).maximum(1e-30));
    NDArray isReachable = gain.sum(ROW, true).gte(toGo).toType(DataType.FLOAT32, false);
    NDArray far = isReachable.neg().add(1).mul(FAR);
    return speed.mul(level.maximum(0).minimum(FAR).mul(isReachable).add(far)).minimum(room);
  }

  /** Uses up the coordinates with the largest slopes first. */
  private static NDArray greedy(NDArray slope, NDArray room, NDArray toGo) {
    NDArray used = slope.gt(NO_WEIGHT).toType(DataType.FLOAT32, false);
    NDArray order = slope.neg().argSort(1);
    NDArray rank = order.argSort(1);
    NDArray gain = slope.mul(room).mul(used).gather(order, 1);
    NDArray gained = gain.cumSum(1).sub(gain);
    NDArray left = toGo.sub(gained.gather(rank, 1)).maximum(0); // when its turn comes
    return left.div(slope.maximum(NO_WEIGHT)).minimum(room).mul(used);
  }

  /** The first column that is not below the bound, {@code [N,1]} int64; the last if all are. */
  private static NDArray firstNotBelow(NDArray rising, NDArray bound) {
    long columns = rising.getShape().get(1);
    NDArray below = rising.lt(bound).toType(DataType.INT64, false);
    return below.sum(ROW, true).toType(DataType.INT64, false).minimum(columns - 1);
  }
}
