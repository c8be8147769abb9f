package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.util.concurrent.ThreadFactoryBuilder;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.FloatBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Reads chosen images of a data set, several at the same time; the result is the same for every
 * number of threads.
 *
 * @param data what is read
 * @param imageSize side of the square the encoder takes, in pixels
 * @param threads that read, started for each call; with 0 or 1 the calling thread reads
 */
public record ParallelImageReader(ImageDataset data, int imageSize, int threads) {

  /** Checks the numbers. */
  public ParallelImageReader {
    checkArgument(imageSize > 0, "imageSize must be positive, got %s", imageSize);
    checkArgument(threads >= 0, "threads can't be negative, got %s", threads);
  }

  /** Decides what an image that can't be read means. */
  @FunctionalInterface
  public interface OnUnreadable {

    /**
     * Called on the calling thread, in the order of the images.
     *
     * @param position among those asked for; its pixels are not to be used
     * @throws IOException to give up
     */
    void accept(int position, IOException reason) throws IOException;
  }

  /**
   * Reads images.
   *
   * @param images their numbers in the data set
   * @return {@code [images,3,imageSize,imageSize]} from position 0 on, backed by an array
   * @throws IOException of the first image that can't be read
   */
  public FloatBuffer read(List<Integer> images) throws IOException {
    return read(
        images,
        (position, reason) -> {
          throw reason;
        });
  }

  /**
   * Reads images, some of which may be unreadable.
   *
   * @throws IOException what the caller throws, and if this thread is interrupted
   */
  public FloatBuffer read(List<Integer> images, OnUnreadable onUnreadable) throws IOException {
    int size = Math.multiplyExact(3, imageSize * imageSize);
    FloatBuffer pixels = FloatBuffer.allocate(Math.multiplyExact(images.size(), size));
    int needed = Math.min(threads, images.size());
    if (needed <= 1) {
      for (int i = 0; i < images.size(); i++) {
        try {
          data.read(images.get(i), imageSize, pixels.slice(i * size, size));
        } catch (IOException e) {
          judge(i, e, onUnreadable);
        }
      }
      return pixels;
    }
    ExecutorService pool = pool(needed);
    try {
      List<Future<?>> tasks = new ArrayList<>();
      for (int i = 0; i < images.size(); i++) {
        int image = images.get(i);
        FloatBuffer target = pixels.slice(i * size, size);
        tasks.add(
            pool.submit(
                () -> {
                  data.read(image, imageSize, target);
                  return image;
                }));
      }
      for (int i = 0; i < tasks.size(); i++) {
        await(tasks.get(i), i, onUnreadable);
      }
    } finally {
      pool.shutdownNow();
    }
    return pixels;
  }

  private static ExecutorService pool(int threads) {
    return Executors.newFixedThreadPool(
        threads,
        new ThreadFactoryBuilder().setNameFormat("fare-images-%d").setDaemon(true).build());
  }

  private static void await(Future<?> task, int position, OnUnreadable onUnreadable)
      throws IOException {
    try {
      if (Thread.interrupted()) { // get() doesn't look where the task is done
        throw new InterruptedException();
      }
      task.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while images were read");
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException reason) {
        judge(position, reason, onUnreadable);
      } else if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      } else {
        throw new IllegalStateException(e.getCause());
      }
    }
  }

  private static void judge(int position, IOException reason, OnUnreadable onUnreadable)
      throws IOException {
    if (reason instanceof ClosedByInterruptException || reason instanceof InterruptedIOException) {
      throw reason; // the thread's fault, not the image's
    }
    onUnreadable.accept(position, reason);
  }
}
