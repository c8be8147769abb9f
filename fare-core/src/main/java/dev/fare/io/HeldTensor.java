package dev.fare.io;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/** A tensor that is in memory already. */
record HeldTensor(NDArray array) implements LazyTensor {

  @Override
  public Shape shape() {
    return array.getShape();
  }

  @Override
  public NDArray read(NDManager manager) {
    NDArray copy = array.toDevice(manager.getDevice(), true);
    copy.attach(manager);
    return copy;
  }
}
