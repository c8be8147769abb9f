package dev.fare.torch;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** The numbers of a tensor as model files hold them: row-major and little-endian. */
public final class TensorBytes {

  /** A direct buffer holds less than 2 GiB, so a larger tensor is read window by window. */
  private static final long WINDOW = 1L << 28;

  /** From here on, a number is rounded to infinity. */
  private static final float FLOAT16_END = 65520;

  private static final int CHUNK_BYTES = 1 << 16;

  private TensorBytes() {}

  /** What takes the bytes. */
  @FunctionalInterface
  public interface Sink {
    /** Takes some of the bytes, which are valid during the call. */
    void accept(ByteBuffer bytes) throws IOException;
  }

  /**
   * Checks that no element becomes infinite in a type.
   *
   * @throws IllegalArgumentException if one does
   */
  public static void checkRange(NDArray tensor, DataType type, String name) {
    if (type != DataType.FLOAT16) {
      return;
    }
    try (TensorScope scope = TensorScope.of(tensor)) {
      float largest = scope.view(tensor).abs().max().getFloat();
      if (!(largest < FLOAT16_END)) {
        throw new IllegalArgumentException(
            "tensor '" + name + "' has a value of " + largest + ", beyond FLOAT16; write FLOAT32");
      }
    }
  }

  /** Writes all elements in their order. */
  public static void write(NDArray tensor, DataType type, OutputStream out) throws IOException {
    byte[] chunk = new byte[CHUNK_BYTES];
    forEach(
        tensor,
        type,
        bytes -> {
          while (bytes.hasRemaining()) {
            int count = Math.min(chunk.length, bytes.remaining());
            bytes.get(chunk, 0, count);
            out.write(chunk, 0, count);
          }
        });
  }

  /**
   * Hands out all elements in their order, in pieces that fit into a buffer.
   *
   * @param tensor on any device, contiguous or not
   * @param type what elements are converted to
   */
  public static void forEach(NDArray tensor, DataType type, Sink sink) throws IOException {
    long size = tensor.getShape().size();
    NDManager owner = tensor.getManager();
    try (NDManager scope = owner.newSubManager()) {
      NDArray flat = tensor.reshape(-1);
      flat.attach(scope);
      for (long from = 0; from < size; from += WINDOW) {
        try (NDManager step = scope.newSubManager()) {
          NDArray window = flat.get(new NDIndex().addSliceDim(from, Math.min(size, from + WINDOW)));
          window.attach(step);
          NDArray plain = window.toDevice(Device.cpu(), false).toType(type, false);
          sink.accept(plain.toByteBuffer(true));
        }
      }
    }
  }
}
