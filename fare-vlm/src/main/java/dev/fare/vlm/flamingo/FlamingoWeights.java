package dev.fare.vlm.flamingo;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The tensors of one block among those of a file, in the order in which they are asked for.
 *
 * @param tensors by their names in the file
 * @param prefix what stands before the block's own names
 */
record FlamingoWeights(Map<String, LazyTensor> tensors, String prefix) {

  boolean has(String name) {
    return tensors.containsKey(prefix + name);
  }

  Shape shape(String name) throws ModelFormatException {
    return tensor(name).shape();
  }

  private LazyTensor tensor(String name) throws ModelFormatException {
    LazyTensor tensor = tensors.get(prefix + name);
    if (tensor == null) {
      throw new ModelFormatException("there is no tensor '" + prefix + name + "'");
    }
    return tensor;
  }

  /** A dimension of a tensor that has as many as are wanted. */
  long size(String name, int dimensions, int dimension) throws ModelFormatException {
    Shape shape = shape(name);
    if (shape.dimension() != dimensions) {
      throw new ModelFormatException(
          "tensor '" + prefix + name + "' must have " + dimensions + " dimensions, got " + shape);
    }
    return shape.get(dimension);
  }

  /** Reads tensors of known shapes. */
  List<NDArray> read(Map<String, Shape> expected, NDManager manager) throws IOException {
    List<NDArray> arrays = new ArrayList<>();
    for (Map.Entry<String, Shape> entry : expected.entrySet()) {
      Shape shape = shape(entry.getKey());
      if (!shape.equals(entry.getValue())) {
        throw new ModelFormatException(
            "tensor '"
                + prefix
                + entry.getKey()
                + "' must have the shape "
                + entry.getValue()
                + ", got "
                + shape);
      }
      arrays.add(tensor(entry.getKey()).read(manager));
    }
    return arrays;
  }

  /** The number of heads that a projection's outputs are. */
  int heads(String name, int headSize) throws ModelFormatException {
    long inner = size(name, 2, 0);
    if (headSize < 1 || inner % headSize != 0) {
      throw new ModelFormatException(
          "tensor '"
              + prefix
              + name
              + "' has "
              + inner
              + " rows, which heads of "
              + headSize
              + " values do not divide");
    }
    return Math.toIntExact(inner / headSize);
  }
}
