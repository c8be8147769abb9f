package dev.fare.training;

import ai.djl.engine.EngineException;
import dev.fare.torch.OutOfMemory;
import java.util.function.IntFunction;

/**
 * How many images are in memory together. Whatever embeds many images asks here, so that a device
 * that has run out of memory once is never asked for as much again.
 */
final class MicroBatch {

  private final RunRecord record;

  /**
   * The number as a run has it.
   *
   * @param record knows it, over restarts, and tells of changes
   */
  MicroBatch(RunRecord record) {
    this.record = record;
  }

  int images() {
    return record.partSize();
  }

  /**
   * Does work on so many images at a time; where a device runs out of memory, again with half as
   * many, which then holds for all that follows.
   *
   * @param all images of the work, on one device
   * @param since when it is done, for the warning
   */
  <T> T fit(long all, String since, IntFunction<T> work) {
    while (true) {
      try {
        return work.apply(images());
      } catch (EngineException e) {
        halve(e, (int) Math.min(images(), all), since);
      }
    }
  }

  private void halve(EngineException e, int tried, String since) {
    if (tried <= 1 || !OutOfMemory.isCauseOf(e)) {
      throw e;
    }
    int fewer = (tried + 1) / 2;
    record.shrinkParts(
        fewer,
        "out of memory with "
            + tried
            + " images at a time: from "
            + since
            + " on there are "
            + fewer);
  }
}
