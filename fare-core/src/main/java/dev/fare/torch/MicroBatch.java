package dev.fare.torch;

import ai.djl.engine.EngineException;
import java.util.function.Consumer;

/**
 * How many images are in memory together. Whatever embeds many images asks here, so that a device
 * that has run out of memory once is never asked for as much again. For one thread at a time.
 */
public final class MicroBatch {

  /** Work on many images, some at a time. */
  @FunctionalInterface
  public interface Work<T, X extends Exception> {

    /** Does it with so many images in memory together. */
    T with(int images) throws X;
  }

  private final Consumer<String> warnings;
  private int images;

  /**
   * Begins with a number that memory has not been tried with.
   *
   * @param warnings hears each time that memory allows fewer
   */
  public MicroBatch(int images, Consumer<String> warnings) {
    this.images = images;
    this.warnings = warnings;
  }

  public int images() {
    return images;
  }

  /** Goes on with no more than so many. */
  public void limit(int most) {
    images = Math.min(images, most);
  }

  /**
   * Does work on so many images at a time; where a device runs out of memory, again with half as
   * many, which then holds for all that follows.
   *
   * @param all images of the work, on one device
   * @param since when it is done, for the warning
   */
  public <T, X extends Exception> T fit(long all, String since, Work<T, X> work) throws X {
    while (true) {
      try {
        return work.with(images);
      } catch (EngineException e) {
        halve(e, (int) Math.min(images, all), since);
      }
    }
  }

  private void halve(EngineException e, int tried, String since) {
    if (tried <= 1 || !OutOfMemory.isCauseOf(e)) {
      throw e;
    }
    images = (tried + 1) / 2;
    warnings.accept(
        "out of memory with "
            + tried
            + " images at a time: from "
            + since
            + " on there are "
            + images);
  }
}
