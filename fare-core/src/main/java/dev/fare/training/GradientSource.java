package dev.fare.training;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.fare.RandomStream;
import dev.fare.torch.MicroBatch;
import dev.fare.torch.TensorScope;
import java.io.Closeable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The gradient of a batch, shared out between devices, on each in as many parts as memory asks for.
 * The sum is the same whatever their number, since the attack's draws are an image's own.
 */
final class GradientSource implements Closeable {

  /** What all parts of a batch have in common. */
  private record Batch(
      NDArray pixels,
      @Nullable NDArray labels,
      @Nullable NDArray references,
      long seed,
      boolean measureClean,
      int partSize) {

    long images() {
      return pixels.getShape().get(0);
    }
  }

  private final FareStep leader;
  private final List<FareStep> followers;
  private final @Nullable ExecutorService threads;
  private final long seed;
  private final int metricsEvery;
  private final MicroBatch microBatch;

  /**
   * Starts a thread for each follower.
   *
   * @param followers the same mathematics on further devices
   */
  GradientSource(
      FareStep leader, List<FareStep> followers, TrainerOptions<?> asked, MicroBatch microBatch) {
    this.leader = leader;
    this.followers = followers;
    seed = asked.seed;
    metricsEvery = asked.metricsEvery;
    this.microBatch = microBatch;
    threads = followers.isEmpty() ? null : pool(followers.size());
  }

  private static ExecutorService pool(int size) {
    return Executors.newFixedThreadPool(
        size,
        task -> {
          Thread thread = new Thread(task, "fare-replica");
          thread.setDaemon(true);
          return thread;
        });
  }

  /**
   * Where a device runs out of memory, the parts are halved, now and for the steps to come.
   *
   * @param references the original's embeddings if they are known, else null
   * @param owner of the gradient
   */
  BatchGradient compute(
      NDArray pixels,
      @Nullable NDArray labels,
      @Nullable NDArray references,
      long step,
      NDManager owner,
      StepClock clock) {
    long stepSeed = RandomStream.seed(seed, "attack", step);
    boolean measureClean = metricsEvery > 0 && step % metricsEvery == 0;
    return microBatch.fit(
        share(pixels.getShape().get(0)),
        "step " + (step + 1),
        size ->
            attempt(
                new Batch(pixels, labels, references, stepSeed, measureClean, size), owner, clock));
  }

  private BatchGradient attempt(Batch batch, NDManager owner, StepClock clock) {
    NDManager attempt = owner.newSubManager();
    try {
      return threads == null
          ? gather(leader, batch, 0, batch.images(), attempt, clock)
          : gatherFromAll(threads, batch, attempt, clock);
    } catch (RuntimeException e) {
      attempt.close(); // on every device: smaller parts may follow, which need the room
      throw e;
    }
  }

  /** How many of so many images a device gets, the last one perhaps fewer. */
  private long share(long images) {
    return (images + followers.size()) / (1 + followers.size());
  }

  /** The leader's share is made on this thread. */
  private BatchGradient gatherFromAll(
      ExecutorService pool, Batch batch, NDManager attempt, StepClock clock) {
    long share = share(batch.images());
    List<Future<BatchGradient>> others = new ArrayList<>();
    for (int i = 0; i < followers.size(); i++) {
      FareStep follower = followers.get(i);
      long from = Math.min(share * (i + 1), batch.images());
      long to = Math.min(from + share, batch.images());
      if (from < to) {
        others.add(pool.submit(() -> gather(follower, batch, from, to, attempt, new StepClock())));
      }
    }
    BatchGradient sum;
    try {
      sum = gather(leader, batch, 0, Math.min(share, batch.images()), attempt, clock);
    } finally {
      awaitAll(others);
    }
    List<BatchGradient> all = new ArrayList<>(List.of(sum));
    others.forEach(other -> all.add(resultOf(other)));
    addInPairs(all);
    clock.lap(StepClock.Part.GRADIENT);
    return sum;
  }

  /**
   * Adds all to the first, from device to device: neighbours, then every second of them, and so on.
   * Pairs of devices are at work at the same time, and the order depends on nothing else.
   */
  private static void addInPairs(List<BatchGradient> parts) {
    for (int apart = 1; apart < parts.size(); apart *= 2) {
      for (int i = 0; i + apart < parts.size(); i += 2 * apart) {
        parts.get(i).add(parts.get(i + apart));
      }
    }
  }

  /** Nobody may still be at work when a step ends, however it ends. */
  private static void awaitAll(List<Future<BatchGradient>> tasks) {
    boolean interrupted = false;
    for (Future<BatchGradient> task : tasks) {
      while (!task.isDone()) {
        try {
          task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          break; // told by resultOf
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static BatchGradient resultOf(Future<BatchGradient> done) {
    boolean interrupted = Thread.interrupted();
    try {
      return done.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      throw new IllegalStateException("a task that is done can't be waited for", e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private BatchGradient gather(
      FareStep step, Batch batch, long first, long end, NDManager attempt, StepClock clock) {
    Device device = step.weights().get(0).getDevice();
    BatchGradient gradient = new BatchGradient(attempt.newSubManager(device), batch.images());
    int partSize = batch.partSize();
    for (long from = first; from < end; from += partSize) {
      addPart(step, batch, from, Math.min(from + partSize, end), gradient, clock);
    }
    return gradient;
  }

  private static void addPart(
      FareStep step, Batch batch, long from, long to, BatchGradient gradient, StepClock clock) {
    Device device = step.weights().get(0).getDevice();
    NDIndex rows = new NDIndex().addSliceDim(from, to);
    try (TensorScope scope = TensorScope.of(batch.pixels())) {
      step.addGradient(
          scope.view(batch.pixels()).get(rows).toDevice(device, false),
          part(batch.labels(), rows, device, scope),
          part(batch.references(), rows, device, scope),
          LongStream.range(from, to).toArray(),
          batch.seed(),
          batch.measureClean(),
          gradient,
          clock);
    }
  }

  private static @Nullable NDArray part(
      @Nullable NDArray array, NDIndex rows, Device device, TensorScope scope) {
    return array == null ? null : scope.view(array).get(rows).toDevice(device, false);
  }

  @Override
  public void close() {
    if (threads != null) {
      threads.shutdown();
    }
  }
}
