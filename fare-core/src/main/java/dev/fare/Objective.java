package dev.fare;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * What an attack climbs.
 *
 * <p>One forward pass serves loss, gradient and success. Row i of every array is about image i of
 * the batch. Arrays that the methods create are freed when the attack's step ends: what should live
 * longer is made before the attack.
 *
 * <p>For a product with a number in {@link #forward} and {@link #losses} take {@link
 * dev.fare.torch.Autograd#scaled}: DJL's own does not last until the backward pass.
 */
public interface Objective {

  /**
   * Runs the model.
   *
   * @param pixels {@code [N,3,H,W]} float32, requiring a gradient
   * @return outputs {@code [N,...]}, recorded for autograd
   */
  NDArray forward(NDArray pixels);

  /**
   * The loss of each image, which the attack makes as large as it can.
   *
   * @param outputs what {@link #forward} returned
   * @return {@code [N]}
   */
  NDArray losses(NDArray outputs);

  /**
   * Which images the attack has already won.
   *
   * @param outputs what {@link #forward} returned
   * @return {@code [N]} boolean; all false where success has no meaning
   */
  default NDArray succeeded(NDArray outputs) {
    return outputs
        .getManager()
        .zeros(new Shape(outputs.getShape().get(0)), DataType.BOOLEAN, outputs.getDevice());
  }
}
