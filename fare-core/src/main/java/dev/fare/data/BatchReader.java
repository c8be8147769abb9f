package dev.fare.data;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Reads the images of a batch. Which ones they are is a function of (seed, batch): the epochs, each
 * in its own order, are laid end to end and cut into batches. Safe for use from many threads.
 */
final class BatchReader {

  private final ImageDataset data;
  private final DataOrder shuffle;
  private final int batchSize;
  private final int imageSize;
  private final UnreadableImages unreadable;
  private final Map<Long, int[]> orders = new LinkedHashMap<>();

  BatchReader(
      ImageDataset data, long seed, int batchSize, int imageSize, UnreadableImages unreadable) {
    this.data = data;
    this.shuffle = new DataOrder(seed);
    this.batchSize = batchSize;
    this.imageSize = imageSize;
    this.unreadable = unreadable;
  }

  /** Room for one batch. */
  ByteBuffer newBuffer() {
    int bytes = Math.multiplyExact(batchSize, 3 * imageSize * imageSize * Float.BYTES);
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
  }

  /**
   * The images of a batch; fewer than the batch size where some can't be read.
   *
   * @param batch counted from 0
   * @param buffer from {@link #newBuffer}
   */
  HostBatch read(long batch, ByteBuffer buffer) {
    FloatBuffer target = buffer.duplicate().order(buffer.order()).clear().asFloatBuffer();
    int[] indices = new int[batchSize];
    long[] labels = new long[batchSize];
    boolean labelled = true;
    int images = 0;
    for (int i = 0; i < batchSize; i++) {
      long position = batch * batchSize + i;
      long epoch = position / data.size();
      int index = order(epoch)[(int) (position % data.size())];
      int start = target.position();
      try {
        data.atEpoch(epoch).read(index, imageSize, target);
      } catch (ClosedByInterruptException | InterruptedIOException e) {
        throw new UncheckedIOException(e); // the thread's fault, not the image's
      } catch (IOException e) {
        target.position(start);
        unreadable.add(index, e);
        continue;
      }
      OptionalInt label = data.label(index);
      labelled &= label.isPresent();
      indices[images] = index;
      labels[images++] = label.orElse(0);
    }
    return new HostBatch(
        buffer,
        images,
        imageSize,
        Arrays.copyOf(indices, images),
        labelled ? Arrays.copyOf(labels, images) : new long[0]);
  }

  private synchronized int[] order(long epoch) {
    int[] indices = orders.get(epoch);
    if (indices == null) {
      indices = shuffle.indices(epoch, data.size());
      orders.keySet().removeIf(other -> Math.abs(other - epoch) > 1);
      orders.put(epoch, indices);
    }
    return indices;
  }
}
