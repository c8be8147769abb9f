package dev.fare.training.optimizer;

import ai.djl.ndarray.NDArray;
import java.util.Map;

/** How a gradient becomes an update of the weights. */
public sealed interface Optimizer {

  /**
   * Sets out to update weights in place; the caller stays their owner. What is remembered between
   * updates lies beside them and starts at zero.
   *
   * @param weights by name
   * @param weightDecay at least 0
   */
  UpdateRule on(Map<String, NDArray> weights, double weightDecay);

  /** AdamW with the paper's settings: betas 0.9 and 0.999, epsilon 1e-8. */
  static AdamW adamW() {
    return new AdamW(0.9, 0.999, 1e-8);
  }

  /** Stochastic gradient descent with the paper's momentum 0.9. */
  static Sgd sgd() {
    return new Sgd(0.9);
  }

  /**
   * Adam with decoupled weight decay (Loshchilov and Hutter, 2019, algorithm 2); the decay is
   * multiplied by the learning rate and applies to every weight, as in PyTorch.
   *
   * @param beta1 decay of the mean of gradients, in [0,1)
   * @param beta2 decay of the mean of squared gradients, in [0,1)
   * @param epsilon added to the root of the latter
   */
  record AdamW(double beta1, double beta2, double epsilon) implements Optimizer {

    /** Checks the ranges. */
    public AdamW {
      checkFraction("beta1", beta1);
      checkFraction("beta2", beta2);
      if (!(epsilon > 0)) {
        throw new IllegalArgumentException("epsilon must be above 0, got " + epsilon);
      }
    }

    @Override
    public UpdateRule on(Map<String, NDArray> weights, double weightDecay) {
      return new AdamWRule(this, weights, weightDecay);
    }
  }

  /**
   * Gradient descent with momentum; weight decay is added to the gradient, as in PyTorch.
   *
   * @param momentum in [0,1)
   */
  record Sgd(double momentum) implements Optimizer {

    /** Checks the range. */
    public Sgd {
      checkFraction("momentum", momentum);
    }

    @Override
    public UpdateRule on(Map<String, NDArray> weights, double weightDecay) {
      return new SgdRule(this, weights, weightDecay);
    }
  }

  private static void checkFraction(String name, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(name + " must be in [0,1), got " + value);
    }
  }
}
