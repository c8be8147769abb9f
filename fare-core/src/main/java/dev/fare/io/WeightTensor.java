package dev.fare.io;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;

/** A tensor of a checkpoint whose values are read when they are asked for. */
public interface WeightTensor {

  /** The tensor's shape. */
  Shape shape();

  /**
   * Reads the values, widened to float32.
   *
   * @param manager the owner of the array, on whose device it lands
   * @throws IOException if the file can't be read any more
   */
  NDArray read(NDManager manager) throws IOException;
}
