package dev.fare.torch;

import ai.djl.engine.EngineException;
import java.util.function.IntFunction;

/**
 * How many images are in memory together. Whatever embeds many images asks here, so that a device
 * that has run out of memory once is never asked for as much again.
 */
public final class MicroBatch {

  /** Keeps the number. */
  public interface Store {

    /** How many images may be in memory together. */
    int imagesAtOnce();

    /** Notes that memory allows fewer. */
    void shrink(int images, String warning);
  }

  private final Store store;

  /** The number as somebody keeps it. */
  public MicroBatch(Store store) {
    this.store = store;
  }

  public int images() {
    return store.imagesAtOnce();
  }

  /**
   * Does work on so many images at a time; where a device runs out of memory, again with half as
   * many, which then holds for all that follows.
   *
   * @param all images of the work, on one device
   * @param since when it is done, for the warning
   */
  public <T> T fit(long all, String since, IntFunction<T> work) {
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
    store.shrink(
        fewer,
        "out of memory with "
            + tried
            + " images at a time: from "
            + since
            + " on there are "
            + fewer);
  }
}
