package dev.fare.models.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.fare.torch.GradMode;
import dev.fare.torch.TorchCompilationException;
import dev.fare.torch.TorchModule;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A tower's weights a second time, laid out as passes without autograd read them fastest: made at
 * the first such pass, and given up for good when the weights change. So who serves pays memory for
 * speed, and who trains does not.
 */
final class InferenceModule implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(InferenceModule.class);

  private final Supplier<TorchModule> compiler;
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private @Nullable TorchModule module;
  private volatile boolean isGivenUp;

  /** Compiles nothing yet. */
  InferenceModule(Supplier<TorchModule> compiler) {
    this.compiler = compiler;
  }

  /** Whether it is of no use any more. */
  boolean isGivenUp() {
    return isGivenUp;
  }

  /** A method's result, or nothing where this libtorch can't or the weights were given up. */
  Optional<NDList> call(String method, NDArray... inputs) {
    Optional<NDList> result = callIfMade(method, inputs);
    if (result.isPresent() || isGivenUp) {
      return result;
    }
    make();
    return callIfMade(method, inputs);
  }

  private Optional<NDList> callIfMade(String method, NDArray... inputs) {
    Lock reading = lock.readLock();
    reading.lock();
    try {
      return module == null ? Optional.empty() : Optional.of(module.callAll(method, inputs));
    } finally {
      reading.unlock();
    }
  }

  private void make() {
    Lock writing = lock.writeLock();
    writing.lock();
    try (GradMode off = GradMode.off()) {
      if (module == null && !isGivenUp) {
        module = compiler.get();
      }
    } catch (TorchCompilationException e) {
      LOG.debug("this libtorch has no oneDNN: inference computes as training does", e);
      isGivenUp = true;
    } finally {
      writing.unlock();
    }
  }

  /** Frees the weights once nobody computes with them. */
  @Override
  public void close() {
    Lock writing = lock.writeLock();
    writing.lock();
    try {
      isGivenUp = true;
      if (module != null) {
        module.close();
        module = null;
      }
    } finally {
      writing.unlock();
    }
  }
}
