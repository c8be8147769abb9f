package dev.fare.training;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import dev.fare.ImageEncoder;
import dev.fare.Precision;
import java.util.Map;

/** An encoder whose weights can be fine-tuned. */
public interface TrainableEncoder extends ImageEncoder {

  /**
   * The weights by name, in a fixed order; the arrays are the encoder's own, so that an update in
   * place is seen by the next {@link #embed}. They require no gradient until somebody asks for it.
   */
  Map<String, NDArray> parameters();

  /** Where its weights lie. */
  @Override
  default Device device() {
    return parameters().values().iterator().next().getDevice();
  }

  /**
   * The arithmetic of the layers, which is part of a run's identity: {@link Precision#FLOAT32}
   * unless an encoder says otherwise, never {@link Precision#AUTO}.
   */
  default Precision precision() {
    return Precision.FLOAT32;
  }

  /**
   * This encoder, on the same weights and with the same results, which keeps less for its backward
   * pass and computes the rest again: activation checkpointing. It is a view: it lives as long as
   * this one, and closing it frees nothing. Its gradient is asked for by {@code Autograd}, within
   * the scope of the forward pass.
   *
   * @throws UnsupportedOperationException if this encoder can't
   */
  default TrainableEncoder withActivationCheckpointing() {
    throw new UnsupportedOperationException(
        getClass().getSimpleName()
            + " computes nothing again in its backward pass; a smaller microBatchSize saves memory,"
            + " too");
  }

  /** An independent encoder of this class with copies of the weights, on the same device. */
  TrainableEncoder copy();
}
