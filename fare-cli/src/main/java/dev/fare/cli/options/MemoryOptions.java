package dev.fare.cli.options;

import dev.fare.training.FareTrainer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a training trades between memory, disk and time; the result is the same up to rounding. */
public final class MemoryOptions {

  @Option(
      names = "--micro-batch-size",
      paramLabel = "<n>",
      description = "images in memory together; the whole batch by default")
  private @Nullable Count microBatchSize;

  @Option(
      names = "--activation-checkpointing",
      description = "keep less for the backward passes and compute it again")
  private boolean activationCheckpointing;

  @Option(
      names = "--reference-cache",
      paramLabel = "<folder>",
      description = "keep the original's embeddings there, for all epochs and runs on these images")
  private @Nullable Path referenceCache;

  @Option(
      names = "--loader-threads",
      paramLabel = "<n>",
      description = "read images ahead; default ${DEFAULT-VALUE}")
  private int loaderThreads = 1;

  /** Tells a training. */
  public void describe(FareTrainer.Builder<?> training) {
    training.loaderThreads(loaderThreads).activationCheckpointing(activationCheckpointing);
    if (microBatchSize != null) {
      training.microBatchSize(microBatchSize.value());
    }
    if (referenceCache != null) {
      training.referenceCache(referenceCache);
    }
  }
}
