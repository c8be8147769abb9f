package dev.fare;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import dev.fare.torch.Autograd;
import dev.fare.torch.Host;
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

  /** The lowest and the highest images for l∞; none for others, which end at 0 and at 1. */
  private final NDList bounds;

  Ball(ThreatModel asked, NDArray center) {
    // a larger ball allows no more, and its radius squared may be no float32 any more
    threatModel = asked.withEpsilon(Math.min(asked.epsilon(), diameter(asked.norm(), center)));
    this.center = center;
    bounds = new NDList();
    if (threatModel.norm() == Norm.LINF) {
      try (TensorScope scope = TensorScope.of(center)) {
        NDArray inScope = scope.view(center);
        double[] epsilon = {threatModel.epsilon()};
        Script.MODULE
            .callAll("bounds", epsilon, inScope)
            .forEach(bound -> bounds.add(scope.keep(bound, center.getManager())));
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

  private Ball(ThreatModel threatModel, NDArray center, NDList bounds) {
    this.threatModel = threatModel;
    this.center = center;
    this.bounds = bounds;
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
    NDList some = new NDList();
    bounds.forEach(bound -> some.add(take(bound, rows)));
    return new Ball(threatModel, take(center, rows), some);
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
      case L2 -> {
        double[] numbers = {threatModel.epsilon(), ThreatModel.TINY};
        yield Script.MODULE.call("project_images_l2", numbers, images, center);
      }
      case L1 -> Script.MODULE.call("project_l1", radius(), images, center);
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
    return Script.MODULE.call("project_l1_change", radius(), change, center);
  }

  /** Cuts pixels to [0,1], and for l∞ to the ball. */
  private NDArray clamp(NDArray images) {
    return bounds.isEmpty()
        ? Autograd.clip(images, 0, 1)
        : Script.MODULE.call("clamp", images, bounds.get(0), bounds.get(1));
  }

  /**
   * The length of each image's perturbation, added up in double precision.
   *
   * @param images {@code [N,C,H,W]}
   * @return {@code [N]} float64
   */
  public NDArray distances(NDArray images) {
    return Script.MODULE.call("distances", norm(), images, center);
  }

  private double[] radius() {
    return new double[] {threatModel.epsilon()};
  }

  private double[] norm() {
    return new double[] {threatModel.norm().ordinal()};
  }

  /**
   * What {@link #tighten} reads of images, so that the host can read it together with other things.
   *
   * @param images {@code [N,C,H,W]}
   * @return {@code [2]} float64: 1 where no pixel is out of its bounds, and the longest distance
   */
  public NDArray look(NDArray images) {
    return bounds.isEmpty()
        ? Script.MODULE.call("look_in_cube", norm(), images, center)
        : Script.MODULE.call("look", norm(), images, center, bounds.get(0), bounds.get(1));
  }

  /**
   * Moves images that lie outside by no more than rounding into the ball, so that their exact
   * distance is at most epsilon times one plus a millionth; others are brought in as well, but not
   * to the nearest point.
   *
   * @param images {@code [N,C,H,W]}
   * @return the same shape; the argument itself if every image is inside
   * @throws IllegalStateException if that can't be done, as for an image that is not finite
   */
  public NDArray tighten(NDArray images) {
    return tighten(images, Host.doubles(look(images)));
  }

  /**
   * The same where the host has read {@link #look} already.
   *
   * @param seen begins with its two numbers
   */
  public NDArray tighten(NDArray images, double[] seen) {
    NDArray inside = images;
    double farthest = seen[1];
    if (seen[0] != 1) {
      inside = clamp(images);
      farthest = farthest(inside);
    }
    double margin = 0;
    for (int i = 0; i < TIGHTENINGS && isOutside(farthest); i++) {
      if (threatModel.norm() == Norm.L1 && i % 2 == 0) {
        inside = Script.MODULE.call("trim", radius(), inside, center);
      } else {
        inside = clamp(shrunk(inside, margin).toType(DataType.FLOAT32, true));
        margin = margin == 0 ? TOLERANCE : margin * 10;
      }
      farthest = farthest(inside);
    }
    if (isOutside(farthest)) {
      // where a change is of a few last bits, rounding may be longer than the whole radius allows
      inside = Script.MODULE.call("towards_center", shrunk(inside, TOLERANCE), center);
      farthest = farthest(inside);
    }
    if (!(farthest <= allowed())) {
      throw new IllegalStateException(
          "an attack's image can't be brought into "
              + threatModel.label()
              + ", its perturbation is of size "
              + farthest);
    }
    return inside;
  }

  /** Every change times one factor, so that the length is epsilon less a margin; float64. */
  private NDArray shrunk(NDArray images, double margin) {
    double[] numbers = {threatModel.norm().ordinal(), threatModel.epsilon() * (1 - margin)};
    return Script.MODULE.call("shrunk", numbers, images, center);
  }

  private double farthest(NDArray images) {
    return Host.doubles(distances(images).max())[0];
  }

  /** Whether an image is farther than rounding allows; for l∞ the bounds are exact. */
  private boolean isOutside(double distance) {
    return threatModel.norm() != Norm.LINF && distance > threatModel.epsilon() * (1 + TOLERANCE);
  }

  /** What counts as inside, with a distance's own rounding. */
  private double allowed() {
    return threatModel.epsilon() * (1 + 2 * TOLERANCE);
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
    double[] seen = Host.doubles(look(images), Script.MODULE.call("range", images));
    double farthest = seen[1];
    float low = (float) seen[2];
    float high = (float) seen[3];
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
    return tighten(images, seen);
  }

  /**
   * Which images lie in the ball (to a millionth of epsilon) and in [0,1]; NaN does not.
   *
   * @param images {@code [N,C,H,W]}
   * @return {@code [N]} boolean
   */
  public NDArray contains(NDArray images) {
    double[] numbers = {threatModel.norm().ordinal(), allowed()};
    NDArray isNear = Script.MODULE.call("contains", numbers, images, center);
    return bounds.isEmpty()
        ? isNear
        : isNear.logicalOr(Script.MODULE.call("inside", images, bounds.get(0), bounds.get(1)));
  }
}
