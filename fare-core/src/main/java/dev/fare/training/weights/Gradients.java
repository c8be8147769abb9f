package dev.fare.training.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.fare.torch.GradMode;
import dev.fare.torch.Host;
import java.util.List;

/** Length and clipping of the gradient over all weights. */
public final class Gradients {

  /** Keeps the factor finite; PyTorch's value. */
  private static final double TINY = 1e-6;

  private Gradients() {}

  /** The Euclidean length of all gradients taken together. */
  public static double norm(NDList gradients) {
    try (NDArray length = length(gradients)) {
      return Host.doubles(length)[0];
    }
  }

  /** The same as a scalar on the gradients' device, for which nobody waits yet. */
  public static NDArray length(NDList gradients) {
    try (GradMode off = GradMode.noGrad()) {
      return WeightScript.module().callList("norm", List.of(), gradients).singletonOrThrow();
    }
  }

  /** Shortens the gradients in place, so that their length is at most {@code longest}. */
  public static void clip(NDList gradients, double norm, double longest) {
    double factor = longest / (norm + TINY);
    if (factor < 1) {
      WeightScript.update("scale", new double[] {factor}, List.of(), gradients);
    }
  }
}
