package dev.fare.io;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.ReadableByteChannel;

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

  private static final int CHUNK_BYTES = 1 << 20;

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
    long size = shape.size();
    try (ReadableByteChannel channel = data.open(position);
        NDManager views = array.getManager().newSubManager()) {
      if (size <= WINDOW) {
        fill(channel, array, size);
        return;
      }
      NDArray flat = array.reshape(-1);
      flat.attach(views);
      for (long from = 0; from < size; from += WINDOW) {
        long to = Math.min(size, from + WINDOW);
        NDArray window = flat.get(new NDIndex().addSliceDim(from, to));
        fill(channel, window, to - from);
      }
    }
  }

  private void fill(ReadableByteChannel channel, NDArray array, long size) throws IOException {
    if (size == 0) {
      return;
    }
    ByteBuffer memory = array.toByteBuffer(true);
    if (!memory.isDirect()) {
      throw new IllegalArgumentException("weights need an NDManager of DJL's PyTorch engine");
    }
    if (type == ElementType.F32 && ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) {
      readFully(channel, memory);
    } else {
      widen(channel, memory.order(ByteOrder.nativeOrder()).asFloatBuffer(), size);
    }
  }

  private void widen(ReadableByteChannel channel, FloatBuffer target, long size)
      throws IOException {
    ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long left = size * type.bytes(); left > 0; left -= chunk.limit()) {
      chunk.clear().limit((int) Math.min(left, CHUNK_BYTES));
      readFully(channel, chunk);
      type.widen(chunk.flip(), target);
    }
  }

  private void readFully(ReadableByteChannel channel, ByteBuffer target) throws IOException {
    while (target.hasRemaining()) {
      if (channel.read(target) < 0) {
        throw new ModelFormatException(
            origin
                + ": the file ends inside of tensor '"
                + name
                + "'; it is cut off, get it again");
      }
    }
  }
}
