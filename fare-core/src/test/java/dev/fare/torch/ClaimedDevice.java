package dev.fare.torch;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;

/**
 * An array that says it is on a GPU, for machines without one. Like an array on a GPU, it is copied
 * to the host when it is read.
 */
public final class ClaimedDevice extends PtNDArray {

  private ClaimedDevice(PtNDManager manager, long handle) {
    super(manager, handle);
  }

  /** An alias of the array, of the same manager, that says it is on a GPU. */
  public static NDArray gpu(NDArray array) {
    PtNDArray alias = (PtNDArray) array.stopGradient();
    PtNDManager manager = alias.getManager();
    alias.detach(); // its native tensor is the new array's from here on
    return new ClaimedDevice(manager, alias.getHandle());
  }

  @Override
  public Device getDevice() {
    return Device.gpu(0);
  }
}
