package dev.fare.io;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;

/** Work with channels on threads that may be interrupted, which closes the channel in use. */
final class Uninterrupted {

  private Uninterrupted() {}

  /** Opens a channel and works with it. */
  @FunctionalInterface
  interface Work {
    void run() throws IOException;
  }

  /**
   * Does the work, from where it stood after each interruption; an interrupted thread stays so.
   *
   * @param work opens its channel anew each time
   */
  static void run(Work work) throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        interrupted |= Thread.interrupted();
        try {
          work.run();
          return;
        } catch (ClosedByInterruptException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
