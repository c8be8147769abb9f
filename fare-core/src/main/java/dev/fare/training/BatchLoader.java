package dev.fare.training;

import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Hands out the batches of a run in their order: read by the caller's own thread, or ahead by
 * worker threads, one batch each and one more.
 */
final class BatchLoader implements AutoCloseable {

  private final BatchReader reader;
  private final long end;
  private final int ahead;
  private final Optional<ExecutorService> workers;
  private final Deque<Future<HostBatch>> pending = new ArrayDeque<>();
  private final Deque<ByteBuffer> free = new ArrayDeque<>();
  private long nextToRead;

  /**
   * Starts to read.
   *
   * @param threads 0 to read when asked
   * @param first update whose batch is handed out first
   * @param end update behind the last
   */
  BatchLoader(BatchReader reader, int threads, long first, long end) {
    this.reader = reader;
    this.end = end;
    ahead = threads + 1;
    nextToRead = first;
    workers = threads == 0 ? Optional.empty() : Optional.of(pool(threads));
  }

  private static ExecutorService pool(int threads) {
    return Executors.newFixedThreadPool(
        threads,
        task -> {
          Thread thread = new Thread(task, "fare-batch-loader");
          thread.setDaemon(true);
          return thread;
        });
  }

  /**
   * The next batch, empty if this thread was interrupted meanwhile.
   *
   * @throws UncheckedIOException if too many images can't be read
   */
  Optional<HostBatch> next() {
    try {
      return Optional.of(workers.isPresent() ? awaitNext(workers.get()) : read(nextToRead++));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    } catch (UncheckedIOException e) {
      if (Thread.currentThread().isInterrupted()) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private HostBatch awaitNext(ExecutorService pool) throws InterruptedException {
    while (pending.size() < ahead && nextToRead < end) {
      long update = nextToRead++;
      ByteBuffer buffer = buffer();
      pending.add(pool.submit(() -> reader.read(update, buffer)));
    }
    try {
      return pending.remove().get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  private HostBatch read(long update) {
    return reader.read(update, buffer());
  }

  private ByteBuffer buffer() {
    return free.isEmpty() ? reader.newBuffer() : free.remove();
  }

  /** Takes a batch back whose memory nobody reads any more. */
  void recycle(HostBatch batch) {
    free.add(batch.pixels());
  }

  /** Stops reading. */
  @Override
  public void close() {
    workers.ifPresent(ExecutorService::shutdownNow);
  }
}
