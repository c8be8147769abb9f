package dev.fare.torch;

import ai.djl.engine.Engine;

/**
 * DJL's PyTorch engine, started so that it gets on with what else runs on the machine.
 *
 * <p>Before libtorch is loaded, its threads are told to sleep after a short wait, unless the
 * environment variable {@code OMP_WAIT_POLICY} or {@code GOMP_SPINCOUNT} says otherwise: they would
 * spin, and two processes on the same cores would take several times as long as one after the
 * other. The property {@code dev.fare.openmp} set to {@code inherit} leaves the environment as it
 * is. An application that starts DJL's engine before it calls this library sets the variable
 * itself.
 *
 * <p>libtorch counts the host's cores. Where this process may use fewer, it gets as many threads as
 * {@link Runtime#availableProcessors}, unless a number was set.
 */
public final class TorchEngine {

  private static boolean started;

  private TorchEngine() {}

  /**
   * The engine, which is started by the first call.
   *
   * @throws ai.djl.engine.EngineException if its native libraries can't be loaded
   */
  public static synchronized Engine get() {
    if (!started) {
      OpenMp.waitAsleep();
    }
    Engine engine = Engine.getEngine("PyTorch");
    if (!started) {
      CpuThreads.followTheQuota();
      started = true;
    }
    return engine;
  }
}
