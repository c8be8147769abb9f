package dev.fare.training;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import dev.fare.torch.TensorScope;
import java.util.Locale;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The gradient of a batch, in as many parts as memory asks for: the sum is the same whatever their
 * number, since the attack's draws are an image's own.
 */
final class GradientSource {

  private final FareStep mathematics;
  private final TrainingSettings settings;
  private final int metricsEvery;
  private final RunRecord record;
  private int partSize;

  GradientSource(
      FareStep mathematics, TrainingSettings settings, int metricsEvery, RunRecord record) {
    this.mathematics = mathematics;
    this.settings = settings;
    this.metricsEvery = metricsEvery;
    this.record = record;
    partSize = settings.microBatchSize();
  }

  /** Where a device runs out of memory, the parts are halved, now and for the steps to come. */
  BatchGradient of(
      NDArray pixels, @Nullable NDArray labels, long step, TensorScope scope, StepClock clock) {
    while (true) {
      try {
        BatchGradient batch = new BatchGradient(scope, pixels.getShape().get(0));
        gather(pixels, labels, step, batch, clock);
        return batch;
      } catch (EngineException e) {
        int images = (int) Math.min(partSize, pixels.getShape().get(0));
        if (images == 1 || !isOutOfMemory(e)) {
          throw e;
        }
        partSize = (images + 1) / 2;
        record.warn(
            "out of memory with "
                + images
                + " images at a time: from step "
                + (step + 1)
                + " on there are "
                + partSize);
      }
    }
  }

  private static boolean isOutOfMemory(EngineException e) {
    String message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
    return message.contains("out of memory") || message.contains("can't allocate memory");
  }

  private void gather(
      NDArray pixels, @Nullable NDArray labels, long step, BatchGradient batch, StepClock clock) {
    long seed = Seeds.mix(settings.seed(), "attack", step);
    boolean measureClean = metricsEvery > 0 && step % metricsEvery == 0;
    for (long from = 0; from < batch.images(); from += partSize) {
      long to = Math.min(from + partSize, batch.images());
      NDIndex rows = new NDIndex().addSliceDim(from, to);
      mathematics.addGradient(
          pixels.get(rows),
          labels == null ? null : labels.get(rows),
          LongStream.range(from, to).toArray(),
          seed,
          measureClean,
          batch,
          clock);
    }
  }
}
