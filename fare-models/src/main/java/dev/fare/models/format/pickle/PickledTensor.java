package dev.fare.models.format.pickle;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.common.primitives.Longs;
import dev.fare.io.ByteSource;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.io.StoredTensor;
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
public record PickledTensor(PickledStorage storage, long offset, Shape shape, long[] strides) {

  /**
   * The tensor over the bytes of its storage.
   *
   * @throws ModelFormatException if it reaches beyond its storage
   */
  public LazyTensor over(ByteSource bytes, String name, String origin) throws ModelFormatException {
    if (shape.size() == 0) {
      return new StoredTensor(name, origin, bytes, 0, storage.type(), shape);
    }
    long span = span(name, origin);
    long position = offset * storage.type().bytes();
    long[] dimensions = shape.getShape();
    int[] order = slowestFirst(dimensions);
    if (!isDense(dimensions, order)) {
      return new Strided(
          new StoredTensor(name, origin, bytes, position, storage.type(), new Shape(span)),
          shape,
          strides);
    }
    Shape stored = new Shape(Arrays.stream(order).mapToLong(i -> dimensions[i]).toArray());
    StoredTensor tensor = new StoredTensor(name, origin, bytes, position, storage.type(), stored);
    boolean isRowMajor = IntStream.range(0, order.length).allMatch(i -> order[i] == i);
    return isRowMajor ? tensor : new Permuted(tensor, shape, order);
  }

  /** The bytes in float32, where it repeats numbers. */
  long expandedBytes() {
    return Longs.indexOf(strides, 0) < 0 ? 0 : shape.size() * Float.BYTES;
  }

  /** The numbers of the storage from this tensor's first one to its last. */
  private long span(String name, String origin) throws ModelFormatException {
    long[] dimensions = shape.getShape();
    try {
      long span = 1;
      for (int i = 0; i < dimensions.length; i++) {
        span = Math.addExact(span, Math.multiplyExact(dimensions[i] - 1, strides[i]));
      }
      if (Math.addExact(offset, span) <= storage.size()) {
        return span;
      }
      throw new ModelFormatException(
          origin
              + ": tensor '"
              + name
              + "' needs numbers "
              + offset
              + " to "
              + (offset + span)
              + " of a storage of "
              + storage.size());
    } catch (ArithmeticException e) {
      throw new ModelFormatException(
          origin
              + ": tensor '"
              + name
              + "' of shape "
              + shape
              + " has the strides "
              + Arrays.toString(strides)
              + ", which lead beyond 64 bits",
          e);
    }
  }

  /** Whether it is row-major, or a permutation of that, without gaps. */
  private boolean isDense(long[] dimensions, int[] order) {
    long expected = 1;
    for (int i = order.length - 1; i >= 0; i--) {
      long size = dimensions[order[i]];
      if (size != 1 && strides[order[i]] != expected) {
        return false;
      }
      expected *= size;
    }
    return true;
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
  private record Permuted(StoredTensor stored, Shape shape, int[] order) implements LazyTensor {
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

  /** A view with gaps, such as some columns of a matrix: the numbers between are read and left. */
  private record Strided(StoredTensor span, Shape shape, long[] strides) implements LazyTensor {
    @Override
    public NDArray read(NDManager manager) throws IOException {
      float[] numbers;
      try (NDManager scope = manager.newSubManager()) {
        numbers = span.read(scope).toFloatArray();
      }
      long[] dimensions = shape.getShape();
      long[] index = new long[dimensions.length];
      float[] values = new float[Math.toIntExact(shape.size())];
      long at = 0;
      for (int i = 0; i < values.length; i++) {
        values[i] = numbers[(int) at];
        for (int d = dimensions.length - 1; d >= 0; d--) {
          at += strides[d];
          if (++index[d] < dimensions[d]) {
            break;
          }
          at -= strides[d] * dimensions[d];
          index[d] = 0;
        }
      }
      return manager.create(values, shape);
    }
  }
}
