package dev.fare.training;

import dev.fare.ImageEncoder;
import dev.fare.data.BatchLoader;
import dev.fare.data.ImageDataset;
import dev.fare.data.UnreadableImages;
import dev.fare.torch.MicroBatch;
import dev.fare.training.reference.ReferenceCache;
import dev.fare.training.reference.ReferenceWriter;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How a run reads its images.
 *
 * @param loaderThreads that read ahead, 0 for the training thread
 * @param unreadableFraction of the images that may be unreadable
 * @param referenceCache where the original's embeddings are kept, null for nowhere
 */
record ImageReading(int loaderThreads, double unreadableFraction, @Nullable Path referenceCache) {

  static ImageReading of(TrainerOptions<?> asked) {
    return new ImageReading(asked.loaderThreads, asked.unreadableFraction, asked.referenceCache);
  }

  UnreadableImages unreadable(ImageDataset data) {
    return new UnreadableImages(data, unreadableFraction);
  }

  /** The original's embeddings of all images, null where they are not kept. */
  @Nullable ReferenceCache references(
      ImageDataset data,
      ImageEncoder original,
      String weights,
      MicroBatch microBatch,
      UnreadableImages unreadable,
      BooleanSupplier isStopRequested) {
    return ReferenceCache.openOrNull(
        referenceCache,
        new ReferenceWriter.Order(
            data, original, weights, microBatch, loaderThreads, unreadable, isStopRequested));
  }

  /** The batches of the steps that are still to be made. */
  BatchLoader batches(
      ImageDataset data, TrainingSettings settings, long step, UnreadableImages unreadable) {
    return BatchLoader.builder(data, settings.imageSize())
        .batchSize(settings.batchSize())
        .seed(settings.seed())
        .threads(loaderThreads)
        .unreadable(unreadable)
        .batches(step, Math.max(step, settings.steps()))
        .build();
  }
}
