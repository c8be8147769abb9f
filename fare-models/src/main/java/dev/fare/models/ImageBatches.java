package dev.fare.models;

import ai.djl.Device;
import ai.djl.util.cuda.CudaUtils;
import dev.fare.models.vision.VisionConfig;
import dev.fare.torch.MicroBatch;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Splits many images into batches that fit into memory, and halves them where one did not, for all
 * that follows. Safe for use from many threads.
 */
final class ImageBatches {

  /** Does the work for the images {@code from} (inclusive) to {@code to} (exclusive). */
  @FunctionalInterface
  interface Work {
    void run(int from, int to) throws IOException;
  }

  private static final Logger log = LoggerFactory.getLogger(ImageBatches.class);

  /** Beyond it, larger batches are not faster. */
  private static final int LARGEST = 256;

  /** What may be taken of the memory that is free, as a divisor: others need some too. */
  private static final int SHARE_OF_FREE = 4;

  /** What may be taken of a GPU's memory, as a divisor. */
  private static final int SHARE_OF_GPU = 16;

  private static final long LEAST_MEMORY = 64L << 20;
  private static final long MOST_MEMORY = 2L << 30;

  private final AtomicInteger size;
  private final IntSupplier room;

  private ImageBatches(int size, IntSupplier room) {
    this.size = new AtomicInteger(size);
    this.room = room;
  }

  /** Batches of so many images, to begin with. */
  ImageBatches(int size) {
    this(size, () -> LARGEST);
  }

  /** Batches for a tower on a device. */
  static ImageBatches of(VisionConfig tower, Device device) {
    return device.isGpu()
        ? onGpu(tower, CudaUtils.getGpuMemory(device))
        : new ImageBatches(LARGEST, () -> fitting(freeMemory() / SHARE_OF_FREE, tower));
  }

  /** By the size of the card: libtorch keeps what it has freed, so used memory may be free. */
  static ImageBatches onGpu(VisionConfig tower, MemoryUsage gpu) {
    return new ImageBatches(fitting(gpu.getMax() / SHARE_OF_GPU, tower));
  }

  private static int fitting(long memory, VisionConfig tower) {
    long within = Math.max(LEAST_MEMORY, Math.min(MOST_MEMORY, memory));
    return (int) Math.max(1, Math.min(LARGEST, within / tower.bytesPerImage()));
  }

  private static long freeMemory() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getFreeMemorySize()
        : MOST_MEMORY;
  }

  /** Images in a batch, to begin with. */
  int size() {
    return Math.min(size.get(), room.getAsInt());
  }

  /** Embeds some items. */
  @FunctionalInterface
  interface Embedding<T> {
    float[] of(List<T> items) throws IOException;
  }

  /** Embeds all items in order, a row for each. */
  <T> float[][] embed(List<T> items, Embedding<T> embedding) throws IOException {
    float[][] rows = new float[items.size()][];
    forEach(
        rows.length,
        (from, to) -> {
          float[] values = embedding.of(items.subList(from, to));
          int length = values.length / (to - from);
          for (int i = from; i < to; i++) {
            rows[i] = Arrays.copyOfRange(values, (i - from) * length, (i - from + 1) * length);
          }
        });
    return rows;
  }

  /** Runs the work over all images in order. */
  void forEach(int images, Work work) throws IOException {
    int first = size();
    MicroBatch batch = new MicroBatch(first, log::warn);
    for (int from = 0; from < images; ) {
      int start = from;
      from =
          batch.fit(
              images - start,
              "image " + start,
              count -> {
                int end = Math.min(images, start + count);
                work.run(start, end);
                return end;
              });
      if (batch.images() < first) {
        size.accumulateAndGet(batch.images(), Math::min);
      }
    }
  }
}
