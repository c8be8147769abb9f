package dev.fare.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * Works on batches at the same time; what comes out is in the order of the batches, whichever is
 * finished first.
 *
 * @param threads how many batches at a time; with 1 the calling thread works
 */
public record Workers(int threads) {

  /**
   * Does the work for each batch.
   *
   * @param finished hears of each batch and what came of it, one at a time
   * @throws RuntimeException the first failure in the order of the batches; nothing is at work any
   *     more when it is thrown
   */
  public <B, R> List<R> map(List<B> batches, Function<B, R> work, BiConsumer<B, R> finished) {
    int needed = Math.min(threads, batches.size());
    if (needed <= 1) {
      List<R> results = new ArrayList<>();
      for (B batch : batches) {
        R result = work.apply(batch);
        results.add(result);
        finished.accept(batch, result);
      }
      return results;
    }
    ExecutorService pool = Executors.newFixedThreadPool(needed, Workers::thread);
    Object turn = new Object();
    try {
      List<Future<R>> futures = new ArrayList<>();
      for (B batch : batches) {
        futures.add(
            pool.submit(
                () -> {
                  R result = work.apply(batch);
                  synchronized (turn) {
                    finished.accept(batch, result);
                  }
                  return result;
                }));
      }
      return results(futures);
    } finally {
      stop(pool);
    }
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "fare-evaluation");
    thread.setDaemon(true);
    return thread;
  }

  private static <R> List<R> results(List<Future<R>> futures) {
    List<R> results = new ArrayList<>();
    for (Future<R> future : futures) {
      try {
        results.add(future.get());
      } catch (ExecutionException e) {
        if (e.getCause() instanceof Error error) {
          throw error;
        }
        throw (RuntimeException) e.getCause(); // a Function throws nothing else
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("the evaluation was interrupted", e);
      }
    }
    return results;
  }

  /** Batches that have not begun are dropped; those at work use arrays of the caller's. */
  private static void stop(ExecutorService pool) {
    pool.shutdownNow();
    boolean interrupted = false;
    boolean ended = false;
    while (!ended) {
      try {
        ended = pool.awaitTermination(1, TimeUnit.HOURS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
