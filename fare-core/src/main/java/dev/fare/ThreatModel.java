package dev.fare;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dev.fare.torch.Autograd;
import dev.fare.torch.Host;
import java.util.Locale;

/**
 * What the attacker may do: any image within a ball around the clean one and inside [0,1].
 *
 * <p>All arithmetic about the ball lives here, so that no attack writes it again. Arrays are images
 * {@code [N,C,H,W]} float32 in [0,1]; each image of a batch has its own ball.
 *
 * @param norm how a perturbation is measured
 * @param epsilon the radius in pixel space, where an image spans [0,1]: 4/255, not 4
 */
public record ThreatModel(Norm norm, double epsilon) {

  /**
   * Keeps a division by the length of an all-zero perturbation finite; the paper's code's value.
   */
  static final double TINY = 1e-12;

  /**
   * Checks the radius.
   *
   * @throws IllegalArgumentException if epsilon is not positive and finite, or above 1 for l∞
   */
  public ThreatModel {
    requireNonNull(norm, "norm");
    if (!(epsilon > 0) || Double.isInfinite(epsilon) || (norm == Norm.LINF && epsilon > 1)) {
      String allowed = norm == Norm.LINF ? "(0, 1]" : "(0, infinity)";
      String hint =
          norm == Norm.LINF && epsilon > 1 && epsilon <= 255
              ? "; did you mean " + shortest(epsilon) + " / 255.0?"
              : "";
      throw new IllegalArgumentException(
          "epsilon must be in " + allowed + " in pixel space, got " + epsilon + hint);
    }
  }

  private static String shortest(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }

  /** As people write it, such as {@code l∞ 4/255} or {@code l2 0.5}. */
  public String label() {
    String name =
        switch (norm) {
          case LINF -> "l∞";
          case L2 -> "l2";
          case L1 -> "l1";
        };
    return name + " " + epsilonLabel();
  }

  /** The radius as people write it: in 255ths for l∞ where it is a round number of them. */
  public String epsilonLabel() {
    double quarters = Math.rint(epsilon * 255 * 4);
    boolean round = Math.abs(epsilon * 255 * 4 - quarters) < 1e-6;
    return norm == Norm.LINF && round ? fourDigits(quarters / 4) + "/255" : fourDigits(epsilon);
  }

  private static String fourDigits(double value) {
    return value == Math.rint(value)
        ? Long.toString((long) value)
        : String.format(Locale.ROOT, "%.4g", value).replaceAll("0+$", "");
  }

  /** Every pixel and channel may change by at most epsilon, for example {@code 4 / 255.0}. */
  public static ThreatModel linf(double epsilon) {
    return new ThreatModel(Norm.LINF, epsilon);
  }

  /** The Euclidean length of the change is at most epsilon. */
  public static ThreatModel l2(double epsilon) {
    return new ThreatModel(Norm.L2, epsilon);
  }

  /** The sum of absolute changes is at most epsilon. */
  public static ThreatModel l1(double epsilon) {
    return new ThreatModel(Norm.L1, epsilon);
  }

  /** The same norm with another radius. */
  public ThreatModel withEpsilon(double other) {
    return new ThreatModel(norm, other);
  }

  /**
   * The images allowed around each image of a batch.
   *
   * @param pixels clean images {@code [N,C,H,W]} float32 in [0,1]
   */
  public Ball around(NDArray pixels) {
    return new Ball(this, pixels);
  }

  /**
   * Checks that an array can be attacked.
   *
   * @param pixels what should be images {@code [N,C,H,W]} float32 in [0,1]
   * @throws IllegalArgumentException if it has another rank, type or range, or is not finite
   */
  public static void checkPixels(NDArray pixels) {
    try (NDArray range = pixelRange(pixels)) {
      double[] ends = Host.doubles(range);
      checkPixelRange(ends[0], ends[1]);
    }
  }

  /**
   * The first half of {@link #checkPixels}: what the host has yet to read, perhaps together with
   * other things, before it calls {@link #checkPixelRange}.
   *
   * @return the lowest and the highest value, {@code [2]} float32; NaN where there is one
   * @throws IllegalArgumentException if the pixels have another rank or type, or there are none
   */
  public static NDArray pixelRange(NDArray pixels) {
    if (pixels.getShape().dimension() != 4 || pixels.getDataType() != DataType.FLOAT32) {
      throw new IllegalArgumentException(
          "pixels must be [N,C,H,W] float32, got "
              + pixels.getShape()
              + " "
              + pixels.getDataType().name().toLowerCase(Locale.ROOT));
    }
    if (pixels.size() == 0) {
      throw new IllegalArgumentException("pixels must hold at least one image, got none");
    }
    return Ball.Script.MODULE.call("range", pixels);
  }

  /**
   * The other half: checks what {@link #pixelRange} has found.
   *
   * @throws IllegalArgumentException if it is not within [0,1], or not finite
   */
  public static void checkPixelRange(double lowest, double highest) {
    if (!(lowest >= 0 && highest <= 1)) {
      String hint = highest > 1.5 ? "; divide 8-bit values by 255" : "";
      throw new IllegalArgumentException(
          "pixels must lie in [0,1], got [%s, %s]%s"
              .formatted((float) lowest, (float) highest, hint));
    }
  }

  /**
   * The length of each image's perturbation in this norm.
   *
   * @param perturbation {@code [N,...]}
   * @return {@code [N]}
   */
  public NDArray size(NDArray perturbation) {
    NDArray rows = rows(perturbation);
    return switch (norm) {
      case LINF -> rows.abs().max(new int[] {1});
      case L2 -> rows.square().sum(new int[] {1}).sqrt();
      case L1 -> rows.abs().sum(new int[] {1});
    };
  }

  /**
   * The nearest perturbation inside the ball, image by image.
   *
   * <p>For l1 this is the Euclidean projection onto the l1 ball (Duchi et al., 2008).
   *
   * @param perturbation {@code [N,...]}
   * @return the same shape
   */
  public NDArray project(NDArray perturbation) {
    return switch (norm) {
      case LINF -> Autograd.clip(perturbation, -epsilon, epsilon);
      case L2 -> Ball.Script.MODULE.call("project_l2", new double[] {epsilon, TINY}, perturbation);
      case L1 -> Ball.Script.MODULE.call("soften", new double[] {epsilon}, perturbation);
    };
  }

  /**
   * Perturbations of one length.
   *
   * @param perturbation {@code [N,...]}
   * @param smallest added to each length that is divided by, so that none is 0
   * @return the same shape
   */
  public NDArray atLength(NDArray perturbation, double smallest, double length) {
    double[] numbers = {norm.ordinal(), smallest, length};
    return Ball.Script.MODULE.call("at_length", numbers, perturbation);
  }

  /**
   * A gradient as a direction of unit length: the sign for l∞, the unit vector for l2 and l1.
   *
   * @param gradient {@code [N,...]}, finite; where it is zero the direction is zero
   * @return the same shape
   */
  public NDArray normalize(NDArray gradient) {
    if (norm == Norm.LINF) {
      return gradient.sign();
    }
    return Ball.Script.MODULE.call("unit", new double[] {norm.ordinal(), TINY}, gradient);
  }

  private static NDArray rows(NDArray array) {
    return array.reshape(array.getShape().get(0), -1);
  }
}
