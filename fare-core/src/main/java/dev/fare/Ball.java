package dev.fare;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import dev.fare.torch.TensorScope;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchSource;
import java.util.Map;

/**
 * The images that a {@link ThreatModel} allows around each image of a batch: those inside its norm
 * ball and inside [0,1].
 *
 * <p>Bounds are rounded towards the centre, so that what lies between them in float32 lies in the
 * ball in exact arithmetic. Arrays are {@code [N,C,H,W]} float32; what a method returns belongs to
 * the manager of its argument.
 */
public final class Ball {

  /** One part in 2^24: a float times one less this is the float below it, or the next one below. */
  private static final double HALF_ULP = 5.97e-8;

  /** How far, relative to epsilon, a length may exceed it before an image is moved. */
  private static final double TOLERANCE = 5e-7;

  /**
   * How far, relative to epsilon and in pixel space, somebody else's attack may exceed it: float32
   * sums and differences round, and a few last bits are no cheating.
   */
  private static final double FOREIGN_ROUNDING = 1e-4;

  private static final double FOREIGN_LAST_BITS = 1e-6;

  private static final int TIGHTENINGS = 8;

  /** Compiled when it is first needed. */
  static final class Script {
    static final TorchModule MODULE =
        TorchModule.compile(
            TorchSource.resource(Ball.class, "ball.py"), "Ball", Map.of(), Device.cpu());
  }

  private final ThreatModel threatModel;
  private final NDArray center;
  private final NDArray lower;
  private final NDArray upper;

  Ball(ThreatModel asked, NDArray center) {
    // a larger ball allows no more, and its radius squared may be no float32 any more
    threatModel = asked.withEpsilon(Math.min(asked.epsilon(), diameter(asked.norm(), center)));
    this.center = center;
    try (TensorScope scope = TensorScope.of(center)) {
      NDManager owner = center.getManager();
      if (threatModel.norm() == Norm.LINF) {
        NDArray exact = center.toType(DataType.FLOAT64, true);
        lower = scope.keep(roundedUp(exact.sub(threatModel.epsilon()).maximum(0)), owner);
        upper = scope.keep(roundedDown(exact.add(threatModel.epsilon()).minimum(1)), owner);
      } else {
        lower = scope.keep(center.zerosLike(), owner);
        upper = scope.keep(center.onesLike(), owner);
      }
    }
  }

  /** The distance between opposite corners of [0,1] for images of a shape. */
  private static double diameter(Norm norm, NDArray images) {
    double pixels = (double) images.size() / images.getShape().get(0);
    return switch (norm) {
      case LINF -> 1;
      case L2 -> Math.sqrt(pixels);
      case L1 -> pixels;
    };
  }

  private Ball(ThreatModel threatModel, NDArray center, NDArray lower, NDArray upper) {
    this.threatModel = threatModel;
    this.center = center;
    this.lower = lower;
    this.upper = upper;
  }

  private static NDArray roundedDown(NDArray exact) {
    NDArray rounded = exact.toType(DataType.FLOAT32, true);
    NDArray tooHigh = rounded.toType(DataType.FLOAT64, true).gt(exact);
    return NDArrays.where(tooHigh, rounded.mul((float) (1 - HALF_ULP)), rounded);
  }

  private static NDArray roundedUp(NDArray exact) {
    NDArray rounded = exact.toType(DataType.FLOAT32, true);
    NDArray tooLow = rounded.toType(DataType.FLOAT64, true).lt(exact);
    return NDArrays.where(tooLow, rounded.mul((float) (1 + 2 * HALF_ULP)), rounded);
  }

  /** What the ball is measured by; its radius is never longer than [0,1] is wide. */
  public ThreatModel threatModel() {
    return threatModel;
  }

  /** The clean images. */
  public NDArray center() {
    return center;
  }

  /**
   * The balls of some of the images.
   *
   * @param rows indices {@code [M]} int64; what is allocated belongs to their manager
   */
  public Ball select(NDArray rows) {
    return new Ball(threatModel, take(center, rows), take(lower, rows), take(upper, rows));
  }

  private static NDArray take(NDArray array, NDArray rows) {
    return array.get(rows.getManager(), new NDIndex("{}", rows));
  }

  /**
   * Brings images into the ball and into [0,1]: the nearest allowed image for l∞ and l1; for l2, as
   * the published attacks do, the nearest in the ball and then the nearest in [0,1].
   *
   * @param images {@code [N,C,H,W]}
   * @return the same shape
   */
  public NDArray project(NDArray images) {
    return switch (threatModel.norm()) {
      case LINF -> clamp(images);
      case L2 -> clamp(center.add(threatModel.project(images.sub(center))));
      case L1 -> {
        NDArray radius = images.getManager().create(threatModel.epsilon());
        yield Script.MODULE.call("project_l1", images, center, radius);
      }
    };
  }

  /**
   * Brings {@code center + change} into the ball and into [0,1]. In l1 this differs from projecting
   * the sum by how it rounds: the published code moves the change itself.
   *
   * @param change {@code [N,C,H,W]}
   * @return the same shape
   */
  public NDArray projectChange(NDArray change) {
    if (threatModel.norm() != Norm.L1) {
      return project(center.add(change));
    }
    NDArray radius = change.getManager().create(threatModel.epsilon());
    return Script.MODULE.call("project_l1_change", change, center, radius);
  }

  /** Cuts pixels to [0,1], and for l∞ to the ball. */
  private NDArray clamp(NDArray images) {
    return Script.MODULE.call("clamp", images, lower, upper);
  }

  /**
   * The length of each image's perturbation, added up in double precision.
   *
   * @param images {@code [N,C,H,W]}
   * @return {@code [N]} float64
   */
  public NDArray distances(NDArray images) {
    NDArray norm = images.getManager().create(threatModel.norm().ordinal());
    return Script.MODULE.call("distances", images, center, norm);
  }

  /**
   * Moves images that lie outside by no more than rounding into the ball, so that their exact
   * distance is at most epsilon times one plus a millionth; others are brought in as well, but not
   * to the nearest point.
   *
   * @param images {@code [N,C,H,W]}
   * @return the same shape; the argument itself if every image is inside
   */
  public NDArray tighten(NDArray images) {
    NDArray inside = isInBounds(images).all().getBoolean() ? images : clamp(images);
    double margin = 0;
    for (int i = 0; i < TIGHTENINGS && isOutside(inside); i++) {
      if (threatModel.norm() == Norm.L1 && i % 2 == 0) {
        NDArray radius = images.getManager().create(threatModel.epsilon());
        inside = Script.MODULE.call("trim", inside, center, radius);
      } else {
        inside = clamp(shrunk(inside, margin));
        margin = margin == 0 ? TOLERANCE : margin * 10;
      }
    }
    return isOutside(inside) ? towardsCenter(shrunkExactly(inside, TOLERANCE)) : inside;
  }

  /**
   * In float32, each pixel no farther from the centre than in the exact image. Where a change is of
   * a few last bits, any other rounding may be longer by more than the whole radius allows.
   */
  private NDArray towardsCenter(NDArray exact) {
    NDArray wide = center.toType(DataType.FLOAT64, true);
    return NDArrays.where(exact.gt(wide), roundedDown(exact), roundedUp(exact));
  }

  /** Every change times one factor, so that the length is epsilon less a margin. */
  private NDArray shrunk(NDArray images, double margin) {
    return shrunkExactly(images, margin).toType(DataType.FLOAT32, true);
  }

  private NDArray shrunkExactly(NDArray images, double margin) {
    NDArray factor =
        distances(images)
            .maximum(1e-30)
            .pow(-1)
            .mul(threatModel.epsilon() * (1 - margin))
            .minimum(1);
    NDArray exact = center.toType(DataType.FLOAT64, true);
    NDArray change = images.toType(DataType.FLOAT64, true).sub(exact);
    return exact.add(change.mul(ThreatModel.perImage(factor, images)));
  }

  /** Whether an image is farther than rounding allows; for l∞ the bounds are exact. */
  private boolean isOutside(NDArray images) {
    return threatModel.norm() != Norm.LINF
        && distances(images).max().getDouble() > threatModel.epsilon() * (1 + TOLERANCE);
  }

  /**
   * Holds an attack to this ball, whoever wrote it: images that are outside by rounding are moved
   * in.
   *
   * @param attack its name, for the message
   * @param images {@code [N,C,H,W]}, what it returned
   * @return images for which {@link #contains} holds; the argument itself if it does already
   * @throws IllegalStateException if an image lies outside, is not finite or has another shape
   */
  public NDArray admit(String attack, NDArray images) {
    if (!images.getShape().equals(center.getShape())) {
      throw new IllegalStateException(
          "attack "
              + attack
              + " returned "
              + images.getShape()
              + " for pixels "
              + center.getShape());
    }
    double farthest = distances(images).max().getDouble();
    float low = images.min().getFloat();
    float high = images.max().getFloat();
    double allowed = threatModel.epsilon() * (1 + FOREIGN_ROUNDING) + FOREIGN_LAST_BITS;
    if (!(farthest <= allowed && low >= 0 && high <= 1)) {
      throw new IllegalStateException(
          "attack "
              + attack
              + " left its threat model "
              + threatModel.label()
              + ": perturbation of size "
              + farthest
              + ", pixels in ["
              + low
              + ", "
              + high
              + "]");
    }
    return tighten(images);
  }

  private NDArray isInBounds(NDArray images) {
    return Script.MODULE.call("inside", images, lower, upper);
  }

  /**
   * Which images lie in the ball (to a millionth of epsilon) and in [0,1]; NaN does not.
   *
   * @param images {@code [N,C,H,W]}
   * @return {@code [N]} boolean
   */
  public NDArray contains(NDArray images) {
    if (threatModel.norm() == Norm.LINF) {
      NDArray inBounds = isInBounds(images);
      if (inBounds.all().getBoolean()) {
        return inBounds;
      }
    }
    NDManager manager = images.getManager();
    NDArray inCube = Script.MODULE.call("inside", images, manager.create(0f), manager.create(1f));
    NDArray isNear = distances(images).lte(threatModel.epsilon() * (1 + 2 * TOLERANCE));
    return inCube.logicalAnd(isNear);
  }
}
