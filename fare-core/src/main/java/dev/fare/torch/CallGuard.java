package dev.fare.torch;

import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Keeps what is native from being freed under a thread that uses it: closing waits for those
 * inside, and nobody gets in afterwards. Calls of one object may nest.
 */
public final class CallGuard {

  /** A call that is going on. */
  public interface Call extends AutoCloseable {

    /** Ends it, on the thread that began it. */
    @Override
    void close();
  }

  /** Frees what is guarded. */
  @FunctionalInterface
  public interface Release<X extends Exception> {

    /** Does it. */
    void run() throws X;
  }

  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private final String what;
  private boolean closed;

  /**
   * Open.
   *
   * @param what is guarded, for the message
   */
  public CallGuard(String what) {
    this.what = what;
  }

  /**
   * Begins a call; any number of threads may be inside.
   *
   * @throws IllegalStateException if it is closed
   */
  public Call enter() {
    lock.readLock().lock();
    if (closed) {
      lock.readLock().unlock();
      throw new IllegalStateException(
          "this " + what + " is closed; keep it open as long as anybody uses it");
    }
    return lock.readLock()::unlock;
  }

  /**
   * Waits until nobody is inside and releases; the second time it does nothing.
   *
   * @throws IllegalStateException if this thread is inside itself
   */
  public <X extends Exception> void close(Release<X> release) throws X {
    if (lock.getReadHoldCount() > 0) {
      throw new IllegalStateException(
          "this " + what + " can't be closed from inside one of its own calls");
    }
    lock.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        release.run();
      }
    } finally {
      lock.writeLock().unlock();
    }
  }
}
