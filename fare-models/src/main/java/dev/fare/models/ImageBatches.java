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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Splits many images into batches that fit into memory, and halves them where one did not.
 *
 * @param size images in a batch, to begin with
 */
record ImageBatches(int size) {

  /** Does the work for the images {@code from} (inclusive) to {@code to} (exclusive). */
  @FunctionalInterface
  interface Work {
    void run(int from, int to) throws IOException;
  }

  private static final Logger log = LoggerFactory.getLogger(ImageBatches.class);

  /** Beyond it, larger batches are not faster. */
  private static final int LARGEST = 256;

  /** What may be taken of the memory that is free, as a divisor: others need some too. */
  private static final int SHARE = 4;

  private static final long LEAST_MEMORY = 64L << 20;
  private static final long MOST_MEMORY = 2L << 30;

  /** Batches for a tower on a device, by the memory that is free there now. */
  static ImageBatches of(VisionConfig tower, Device device) {
    long memory = Math.max(LEAST_MEMORY, Math.min(MOST_MEMORY, freeMemory(device) / SHARE));
    return within(memory, tower);
  }

  static ImageBatches within(long memory, VisionConfig tower) {
    long fitting = memory / tower.bytesPerImage();
    return new ImageBatches((int) Math.max(1, Math.min(LARGEST, fitting)));
  }

  private static long freeMemory(Device device) {
    if (device.isGpu()) {
      MemoryUsage gpu = CudaUtils.getGpuMemory(device);
      return gpu.getMax() - gpu.getUsed();
    }
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getFreeMemorySize()
        : MOST_MEMORY;
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
    MicroBatch batch = new MicroBatch(size, log::warn);
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
    }
  }
}
