package dev.fare.models.format;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.io.ByteSource;
import dev.fare.io.ModelFormatException;
import dev.fare.io.StoredTensor;
import dev.fare.io.WeightTensor;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * A tensor as a pickle describes it: a view of a storage.
 *
 * @param storage where its numbers lie
 * @param offset of the first one, in numbers
 * @param shape of the tensor
 * @param strides between neighbours along each dimension, in numbers
 */
record PickledTensor(PickledStorage storage, long offset, Shape shape, long[] strides) {

  /**
   * The tensor over the bytes of its storage.
   *
   * @throws ModelFormatException if it reaches beyond its storage, or is neither row-major nor a
   *     permutation of that
   */
  WeightTensor over(ByteSource bytes, String name, String origin) throws ModelFormatException {
    long[] dimensions = shape.getShape();
    int[] order = slowestFirst(dimensions);
    long expected = 1;
    for (int i = order.length - 1; i >= 0; i--) {
      long size = dimensions[order[i]];
      if (size != 1 && strides[order[i]] != expected && shape.size() > 0) {
        throw new ModelFormatException(
            origin
                + ": tensor '"
                + name
                + "' of shape "
                + shape
                + " has the strides "
                + Arrays.toString(strides)
                + "; only whole tensors and their transposes can be read");
      }
      expected *= Math.max(size, 1);
    }
    if (shape.size() > 0 && (offset > storage.size() - expected)) {
      throw new ModelFormatException(
          origin
              + ": tensor '"
              + name
              + "' needs numbers "
              + offset
              + " to "
              + (offset + expected)
              + " of a storage of "
              + storage.size());
    }
    Shape stored = new Shape(Arrays.stream(order).mapToLong(i -> dimensions[i]).toArray());
    long position = shape.size() > 0 ? offset * storage.type().bytes() : 0;
    StoredTensor tensor = new StoredTensor(name, origin, bytes, position, storage.type(), stored);
    boolean isRowMajor = IntStream.range(0, order.length).allMatch(i -> order[i] == i);
    return isRowMajor ? tensor : new Permuted(tensor, shape, order);
  }

  private int[] slowestFirst(long[] dimensions) {
    return IntStream.range(0, dimensions.length)
        .boxed()
        .sorted(
            Comparator.comparingLong(
                (Integer i) -> dimensions[i] == 1 ? Long.MIN_VALUE : -strides[i]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** A tensor whose stored order of dimensions is another. */
  private record Permuted(StoredTensor stored, Shape shape, int[] order) implements WeightTensor {
    @Override
    public NDArray read(NDManager manager) throws IOException {
      int[] back = new int[order.length];
      for (int i = 0; i < order.length; i++) {
        back[order[i]] = i;
      }
      try (NDManager scope = manager.newSubManager()) {
        // Flattening a permuted view copies it into row-major order.
        NDArray array = stored.read(scope).transpose(back).reshape(-1).reshape(shape);
        array.attach(manager);
        return array;
      }
    }
  }
}
