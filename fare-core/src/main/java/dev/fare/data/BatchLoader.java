package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

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
 * Hands out shuffled batches in their order: read by the caller's own thread, or ahead by worker
 * threads, one batch each and one more.
 *
 * <p>Which images a batch has is a function of (seed, batch) and nothing else: the epochs, each in
 * its own {@link DataOrder}, are laid end to end and cut into batches. So a run that goes on at
 * batch k sees what it would have seen without the interruption.
 *
 * <pre>{@code
 * try (BatchLoader loader = BatchLoader.builder(data, 224).threads(2).batches(0, 1_000).build()) {
 *   for (int i = 0; i < 1_000; i++) {
 *     HostBatch batch = loader.next().orElseThrow();
 *     train(batch.pixels(manager));
 *     loader.recycle(batch);
 *   }
 * }
 * }</pre>
 *
 * <p>An image that can't be read is left out, counted and logged once; too many end the run. One
 * thread may ask for batches.
 */
public final class BatchLoader implements AutoCloseable {

  private final BatchReader reader;
  private final long end;
  private final int ahead;
  private final Optional<ExecutorService> workers;
  private final Deque<Future<HostBatch>> pending = new ArrayDeque<>();
  private final Deque<ByteBuffer> free = new ArrayDeque<>();
  private long nextToRead;

  private BatchLoader(Builder builder) {
    reader =
        new BatchReader(
            builder.data, builder.seed, builder.batchSize, builder.imageSize, builder.unreadable);
    nextToRead = builder.first;
    end = builder.end;
    ahead = builder.threads + 1;
    workers = builder.threads == 0 ? Optional.empty() : Optional.of(pool(builder.threads));
  }

  /**
   * Describes a loader.
   *
   * @param imageSize side of the square the encoder takes, in pixels
   */
  public static Builder builder(ImageDataset data, int imageSize) {
    return new Builder(data, imageSize);
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
  public Optional<HostBatch> next() {
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
      long batch = nextToRead++;
      ByteBuffer buffer = buffer();
      pending.add(pool.submit(() -> reader.read(batch, buffer)));
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

  private HostBatch read(long batch) {
    return reader.read(batch, buffer());
  }

  private ByteBuffer buffer() {
    return free.isEmpty() ? reader.newBuffer() : free.remove();
  }

  /** Takes a batch back whose memory nobody reads any more. */
  public void recycle(HostBatch batch) {
    free.add(batch.pixels());
  }

  /** Stops reading. */
  @Override
  public void close() {
    workers.ifPresent(ExecutorService::shutdownNow);
  }

  /** Settings of a {@link BatchLoader}. */
  public static final class Builder {
    private final ImageDataset data;
    private final int imageSize;
    private int batchSize = 128;
    private long seed;
    private int threads;
    private UnreadableImages unreadable;
    private long first;
    private long end = Long.MAX_VALUE;

    private Builder(ImageDataset data, int imageSize) {
      checkArgument(data.size() > 0, "the data set has no images: %s", data.description());
      checkArgument(imageSize > 0, "imageSize must be positive, got %s", imageSize);
      this.data = data;
      this.imageSize = imageSize;
      unreadable = new UnreadableImages(data, 0.01);
    }

    /** Images of a batch, 128 by default; those that can't be read are missing in it. */
    public Builder batchSize(int batchSize) {
      checkArgument(batchSize > 0, "batchSize must be positive, got %s", batchSize);
      this.batchSize = batchSize;
      return this;
    }

    /** What the order follows from, 0 by default. */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    /** Worker threads that read ahead; 0, the default, reads in the caller's thread. */
    public Builder threads(int threads) {
      checkArgument(threads >= 0, "threads can't be negative, got %s", threads);
      this.threads = threads;
      return this;
    }

    /** Who counts what can't be read; by default a hundredth of the images may be unreadable. */
    public Builder unreadable(UnreadableImages unreadable) {
      this.unreadable = unreadable;
      return this;
    }

    /**
     * Which batches are handed out; all from 0 on by default.
     *
     * @param first number of the first, counted from 0 at the start of epoch 0
     * @param end number behind the last; nothing behind it is read ahead
     */
    public Builder batches(long first, long end) {
      checkArgument(first >= 0 && end >= first, "batches from %s to %s are none", first, end);
      this.first = first;
      this.end = end;
      return this;
    }

    /** Makes the loader, and starts its threads where there are some. */
    public BatchLoader build() {
      return new BatchLoader(this);
    }
  }
}
