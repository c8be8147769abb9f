package dev.fare.models.format;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import java.io.IOException;
import java.nio.channels.FileChannel;

/** The numbers of a tensor as model files hold them: row-major and little-endian. */
public final class TensorData {

  /** A direct buffer holds less than 2 GiB, so a larger tensor is written window by window. */
  private static final long WINDOW = 1L << 28;

  private TensorData() {}

  /**
   * Writes all elements at the channel's position.
   *
   * @param tensor on any device, contiguous or not
   * @param type what elements are stored as
   */
  public static void write(FileChannel channel, NDArray tensor, DataType type) throws IOException {
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
          AtomicFile.writeFully(channel, plain.toByteBuffer(true));
        }
      }
    }
  }
}
