package dev.fare.training;

import ai.djl.ndarray.NDArray;
import dev.fare.ImageEncoder;
import java.util.Map;

/** An encoder whose weights can be fine-tuned. */
public interface TrainableEncoder extends ImageEncoder {

  /**
   * The weights by name, in a fixed order; the arrays are the encoder's own, so that an update in
   * place is seen by the next {@link #embed}. They require no gradient until somebody asks for it.
   */
  Map<String, NDArray> parameters();

  /** An independent encoder with copies of the weights, on the same device. */
  TrainableEncoder copy();
}
