package dev.fare.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * A batch in the host's memory.
 *
 * @param pixels {@code [images,3,imageSize,imageSize]} float32 in native order, direct
 * @param indices the images' numbers in the data set
 * @param labels one an image, empty where the data have none
 */
@SuppressWarnings("ArrayRecordComponent") // handed through, never compared
public record HostBatch(
    ByteBuffer pixels, int images, int imageSize, int[] indices, long[] labels) {

  /** The bytes of one image. */
  public ByteBuffer imageBytes(int image) {
    int bytes = 3 * imageSize * imageSize * Float.BYTES;
    return pixels.duplicate().clear().position(image * bytes).limit((image + 1) * bytes);
  }

  /** The pixels on the manager's device; the buffer must stay untouched while the array lives. */
  public NDArray pixels(NDManager manager) {
    Shape shape = new Shape(images, 3, imageSize, imageSize);
    ByteBuffer used = pixels.duplicate().order(pixels.order());
    used.clear().limit(Math.toIntExact(shape.size() * Float.BYTES));
    return manager.create(used, shape, DataType.FLOAT32);
  }

  /** The labels {@code [images]} int64 on the manager's device, where the data have some. */
  public Optional<NDArray> labels(NDManager manager) {
    return labels.length == 0
        ? Optional.empty()
        : Optional.of(manager.create(labels, new Shape(labels.length)));
  }
}
