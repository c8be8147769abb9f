package dev.fare.torch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.StandardCapabilities;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where weights go. */
public final class TorchDevices {

  private static final Logger log = LoggerFactory.getLogger(TorchDevices.class);
  private static final AtomicBoolean said = new AtomicBoolean();

  private TorchDevices() {}

  /**
   * The device that was asked for, else the engine's default: a GPU where there is one.
   *
   * @throws IllegalArgumentException if libtorch can't use the GPU that was asked for
   */
  public static Device orDefault(@Nullable Device asked) {
    Engine engine = Engine.getEngine("PyTorch");
    if (asked == null) {
      if (!engine.defaultDevice().isGpu()) {
        sayOnceWhyNoGpu(engine.hasCapability(StandardCapabilities.CUDA));
      }
      return engine.defaultDevice();
    }
    if (asked.isGpu()) {
      int gpus = engine.hasCapability(StandardCapabilities.CUDA) ? engine.getGpuCount() : 0;
      if (asked.getDeviceId() >= gpus) {
        throw new IllegalArgumentException(
            "device must be the CPU or one of "
                + gpus
                + " GPUs that libtorch can use here, got "
                + asked
                + "; a GPU needs its driver and DJL's CUDA build of libtorch");
      }
    }
    return asked;
  }

  /** DJL takes the CPU without a word. */
  private static void sayOnceWhyNoGpu(boolean isCudaBuild) {
    if (!said.getAndSet(true)) {
      CudaSetup.here(isCudaBuild)
          .obstacle()
          .ifPresent(reason -> log.warn("models go to the CPU: {}", reason));
    }
  }
}
