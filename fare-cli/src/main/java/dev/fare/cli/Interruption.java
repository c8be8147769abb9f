package dev.fare.cli;

import java.util.concurrent.CountDownLatch;

/**
 * Ctrl-C while something is at work that should come to a good end: asks it to stop, and holds the
 * JVM until it has.
 */
final class Interruption implements AutoCloseable {

  private final CountDownLatch ended = new CountDownLatch(1);
  private final Thread hook;
  private volatile boolean requested;

  private Interruption(Runnable stop) {
    hook =
        new Thread(
            () -> {
              requested = true;
              stop.run();
              awaitEnd();
            },
            "fare-interruption");
  }

  /**
   * Watches until closed.
   *
   * @param stop asks the work to end; called on a thread of its own
   */
  static Interruption watch(Runnable stop) {
    Interruption interruption = new Interruption(stop);
    Runtime.getRuntime().addShutdownHook(interruption.hook);
    return interruption;
  }

  private void awaitEnd() {
    try {
      ended.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether the JVM is on its way down. */
  boolean isRequested() {
    return requested;
  }

  /** The work is done, or has stopped and left everything whole. */
  @Override
  public void close() {
    if (!requested) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        // the JVM goes down at this very moment: the hook finds the work ended
        requested = true;
      }
    }
    ended.countDown();
  }
}
