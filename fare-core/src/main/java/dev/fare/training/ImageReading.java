package dev.fare.training;

import dev.fare.data.BatchLoader;
import dev.fare.data.ImageDataset;
import dev.fare.data.UnreadableImages;
import java.nio.file.Path;
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

  /** The batches of the steps that are still to be made. */
  BatchLoader batches(
      ImageDataset data,
      int imageSize,
      TrainingSettings settings,
      long step,
      UnreadableImages unreadable) {
    return BatchLoader.builder(data, imageSize)
        .batchSize(settings.batchSize())
        .seed(settings.seed())
        .threads(loaderThreads)
        .unreadable(unreadable)
        .batches(step, Math.max(step, settings.steps()))
        .build();
  }
}
