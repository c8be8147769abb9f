package dev.fare.io;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.zip.ZipException;

/**
 * A tensor that lies in a file in row-major order.
 *
 * @param name in its file, for messages
 * @param origin the file, for messages
 * @param data where its elements lie
 * @param position of the first element's first byte in the data
 * @param type of the elements
 * @param shape of the tensor
 */
public record StoredTensor(
    String name, String origin, ByteSource data, long position, ElementType type, Shape shape)
    implements LazyTensor {

  /** A direct buffer holds less than 2 GiB, so a larger tensor is filled window by window. */
  private static final long WINDOW = 1L << 28;

  private static final int CHUNK_BYTES = 1 << 17;

  @Override
  public NDArray read(NDManager manager) throws IOException {
    if (manager.getDevice().equals(Device.cpu())) {
      return readOnCpu(manager);
    }
    try (NDManager cpu = manager.newSubManager(Device.cpu())) {
      NDArray array = readOnCpu(cpu).toDevice(manager.getDevice(), false);
      array.attach(manager);
      return array;
    }
  }

  private NDArray readOnCpu(NDManager manager) throws IOException {
    NDArray array = manager.create(shape, DataType.FLOAT32);
    try {
      readInto(array);
    } catch (IOException | RuntimeException e) {
      array.close();
      throw e;
    }
    return array;
  }

  /** Reads into a contiguous float32 array of this shape on the CPU. */
  public void readInto(NDArray array) throws IOException {
    try {
      fillAll(array);
    } catch (EOFException | ZipException e) {
      throw new ModelFormatException(
          origin + ": tensor '" + name + "' is damaged or cut off; get the file again", e);
    }
  }

  private void fillAll(NDArray array) throws IOException {
    long size = shape.size();
    if (size <= WINDOW) {
      fill(array, 0, size);
      return;
    }
    try (NDManager views = array.getManager().newSubManager()) {
      NDArray flat = array.reshape(-1);
      flat.attach(views);
      for (long from = 0; from < size; from += WINDOW) {
        long to = Math.min(size, from + WINDOW);
        fill(flat.get(new NDIndex().addSliceDim(from, to)), from, to - from);
      }
    }
  }

  /** Fills an array with so many elements from one on. */
  private void fill(NDArray array, long from, long size) throws IOException {
    if (size == 0) {
      return;
    }
    ByteBuffer memory = array.toByteBuffer(true);
    if (!memory.isDirect()) {
      throw new IllegalArgumentException("weights need an NDManager of DJL's PyTorch engine");
    }
    long start = position + from * type.bytes();
    if (type == ElementType.F32 && ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) {
      data.read(start, memory);
    } else {
      widen(start, memory.order(ByteOrder.nativeOrder()).asFloatBuffer(), size);
    }
  }

  private void widen(long start, FloatBuffer target, long size) throws IOException {
    byte[] chunk = new byte[(int) Math.min(size * type.bytes(), CHUNK_BYTES)];
    try (InputStream in = data.open(start)) {
      for (long left = size * type.bytes(); left > 0; left -= chunk.length) {
        int count = (int) Math.min(left, chunk.length);
        int read = in.readNBytes(chunk, 0, count);
        if (read < count) {
          throw new EOFException("it ends " + (left - read) + " bytes early");
        }
        type.widen(ByteBuffer.wrap(chunk, 0, count).order(ByteOrder.LITTLE_ENDIAN), target);
      }
    }
  }
}
