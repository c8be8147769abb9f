package dev.fare.io;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Path;

/** A tensor of a checkpoint whose values are read when they are asked for. */
public interface LazyTensor {

  /**
   * A tensor that lies in a file in row-major order, little-endian; the caller has checked that it
   * does.
   *
   * @param name for messages
   * @param position of the first element's first byte
   */
  static LazyTensor inFile(Path file, String name, long position, ElementType type, Shape shape) {
    FileSlice data = new FileSlice(file, 0, Math.addExact(position, type.bytesOf(shape)));
    return new StoredTensor(name, file.toString(), data, position, type, shape);
  }

  /** A tensor that is in memory; it is copied when it is read. */
  static LazyTensor of(NDArray array) {
    return new HeldTensor(array);
  }

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
