package dev.fare.training;

import dev.fare.data.DataOrder;
import dev.fare.data.ImageDataset;
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
 * Reads the images of an update. Which ones they are is a function of (seed, update): the epochs,
 * each in its own order, are laid end to end and cut into batches. Safe for use from many threads.
 */
final class BatchReader {

  private final ImageDataset data;
  private final DataOrder order;
  private final int batchSize;
  private final int imageSize;
  private final UnreadableImages unreadable;
  private final Map<Long, int[]> epochs = new LinkedHashMap<>();

  BatchReader(
      ImageDataset data, long seed, int batchSize, int imageSize, UnreadableImages unreadable) {
    if (data.size() < 1) {
      throw new IllegalArgumentException("the data set has no images: " + data.description());
    }
    this.data = data;
    this.order = new DataOrder(seed);
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
   * The images of an update; fewer than the batch size where some can't be read.
   *
   * @param update counted from 0
   * @param buffer from {@link #newBuffer}
   */
  HostBatch read(long update, ByteBuffer buffer) {
    FloatBuffer target = buffer.duplicate().order(buffer.order()).clear().asFloatBuffer();
    int[] indices = new int[batchSize];
    long[] labels = new long[batchSize];
    boolean labelled = true;
    int images = 0;
    for (int i = 0; i < batchSize; i++) {
      int index = index(update * batchSize + i);
      int start = target.position();
      try {
        data.read(index, imageSize, target);
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

  private int index(long position) {
    int size = data.size();
    return epoch(position / size)[(int) (position % size)];
  }

  private synchronized int[] epoch(long epoch) {
    int[] indices = epochs.get(epoch);
    if (indices == null) {
      indices = order.indices(epoch, data.size());
      epochs.keySet().removeIf(other -> Math.abs(other - epoch) > 1);
      epochs.put(epoch, indices);
    }
    return indices;
  }
}
