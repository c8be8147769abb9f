package dev.fare.attacks.tensor;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.fare.Norm;
import dev.fare.torch.Autograd;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchSource;
import java.util.Map;

/** Operations that DJL's arrays lack, or need several passes for. */
public final class Kernels {

  private Kernels() {}

  private static final class Script {
    static final TorchModule MODULE =
        TorchModule.compile(
            TorchSource.resource(Kernels.class, "kernels.py"), "Kernels", Map.of(), Device.cpu());
  }

  /**
   * Zero for NaN and infinity.
   *
   * @param gradient {@code [N,...]}
   * @return the finite gradient, and how many images held something else, a scalar int64
   */
  public static NDList finite(NDArray gradient) {
    return Script.MODULE.callAll("finite", gradient);
  }

  /**
   * Rows of one batch where the mask says so, else of another. The result may share its memory with
   * either.
   *
   * @param mask {@code [N]} boolean
   * @param chosen {@code [N,...]}
   * @param otherwise the same shape
   */
  public static NDArray choose(NDArray mask, NDArray chosen, NDArray otherwise) {
    return Script.MODULE.call("choose", mask, chosen, otherwise);
  }

  /**
   * The decision boundary that is nearest to each image in the linearised classifier.
   *
   * @param logits {@code [N,K]}, recorded from the images
   * @param labels {@code [N]} int64
   * @param images {@code [N,C,H,W]}, requiring a gradient
   * @param norm in which distance is measured
   * @return the logit of the class beyond that boundary less the right one, {@code [N]}, and the
   *     gradient of that difference, {@code [N,C,H,W]}
   * @throws IllegalStateException if the logits were not computed from the images by differentiable
   *     operations
   */
  public static NDList nearestBoundary(NDArray logits, NDArray labels, NDArray images, Norm norm) {
    double[] code = {norm.ordinal()};
    NDList boundary = Script.MODULE.callAll("nearest_boundary", code, logits, labels, images);
    if (boundary.isEmpty()) {
      throw Autograd.notConnected();
    }
    return boundary;
  }

  /** A sum of so many as their mean. */
  public static NDArray mean(NDArray sum, int count) {
    return Script.MODULE.call("mean", new double[] {count}, sum);
  }

  /** Losses {@code [N]}, minus infinity instead of NaN. */
  public static NDArray rated(NDArray losses) {
    return Script.MODULE.call("rated", losses);
  }

  /** How many images of {@code [N,...]} are zero in every coordinate, a scalar int64. */
  public static NDArray zeroRows(NDArray array) {
    return Script.MODULE.call("zero_rows", array);
  }

  /**
   * A direction in l1 geometry: the signs of the largest coordinates, of l1 length one.
   *
   * @param gradient {@code [N,...]}, finite
   * @param share of each image's coordinates that have one
   * @return the shape of the gradient
   */
  public static NDArray largestSigns(NDArray gradient, double share) {
    return Script.MODULE.call("largest_signs", new double[] {share}, gradient);
  }

  /** The same with a share {@code [N]} for each image. */
  public static NDArray largestSigns(NDArray gradient, NDArray shares) {
    return Script.MODULE.call("sparse_signs", gradient, shares);
  }

  /**
   * {@code x + sizes * largestSigns}.
   *
   * @param sizes {@code [N,1,1,1]}, how far, in l1 length
   */
  public static NDArray ascendSparsely(NDArray x, NDArray gradient, NDArray shares, NDArray sizes) {
    return Script.MODULE.call("sparse_ascend", x, gradient, shares, sizes);
  }

  /** How many coordinates of each image differ, {@code [N]} float32. */
  public static NDArray differing(NDArray images, NDArray others) {
    return Script.MODULE.call("differing", images, others);
  }

  /** {@code x + sizes * direction}, with one size {@code [N,1,1,1]} for each image. */
  public static NDArray ascend(NDArray x, NDArray direction, NDArray sizes) {
    return Script.MODULE.call("ascend", x, direction, sizes);
  }

  /** {@code x + a (z - x) + (1 - a) (x - previous)}. */
  public static NDArray momentum(NDArray x, NDArray z, NDArray previous, double a) {
    return Script.MODULE.call("momentum", new double[] {a}, x, z, previous);
  }

  /** {@code a x + y}. */
  public static NDArray blend(NDArray x, NDArray y, double a) {
    return Script.MODULE.call("blend", new double[] {a}, x, y);
  }
}
