package dev.fare.training;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import dev.fare.Precision;
import dev.fare.torch.Autograd;
import java.util.concurrent.atomic.AtomicInteger;

/** An encoder that has a precision, counts its open copies, and may run out of memory. */
public final class WrappedEncoder implements AroundTanh {

  private final TanhEncoder encoder;
  private final Precision precision;
  private final AtomicInteger openCopies;
  private int passesLeft = Integer.MAX_VALUE;

  public WrappedEncoder(TanhEncoder encoder) {
    this(encoder, Precision.FLOAT32);
  }

  public WrappedEncoder(TanhEncoder encoder, Precision precision) {
    this(encoder, precision, new AtomicInteger());
  }

  private WrappedEncoder(TanhEncoder encoder, Precision precision, AtomicInteger openCopies) {
    this.encoder = encoder;
    this.precision = precision;
    this.openCopies = openCopies;
  }

  /** Fails once, when it is to embed for a gradient of its weights after so many times. */
  WrappedEncoder outOfMemoryAfter(int trainingPasses) {
    passesLeft = trainingPasses;
    return this;
  }

  @Override
  public TanhEncoder encoder() {
    return encoder;
  }

  public int openCopies() {
    return openCopies.get();
  }

  @Override
  public NDArray embed(NDArray pixels) {
    boolean trains = parameters().values().iterator().next().hasGradient();
    if (trains && !Autograd.isRecorded(pixels) && passesLeft-- == 0) {
      throw new EngineException("CUDA out of memory. Tried to allocate 2.00 GiB");
    }
    return encoder.embed(pixels);
  }

  @Override
  public Precision precision() {
    return precision;
  }

  @Override
  public WrappedEncoder copy() {
    openCopies.incrementAndGet();
    return new WrappedEncoder(encoder.copy(), precision, openCopies);
  }

  /** Of a copy; the tests close what they have wrapped. */
  @Override
  public void close() {
    openCopies.decrementAndGet();
    encoder.close();
  }
}
