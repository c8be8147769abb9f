package dev.fare.torch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.StandardCapabilities;
import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where arrays go: what is loaded goes where the caller says, else to the engine's default device;
 * what is computed follows the model.
 */
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
    Engine engine = TorchEngine.get();
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

  /**
   * Checks that a model's inputs are where it is.
   *
   * @param inputs those without dimensions may be on the CPU
   * @throws IllegalArgumentException if another is on another device
   */
  public static void checkSame(Device model, List<? extends NDArray> inputs) {
    for (NDArray input : inputs) {
      Device device = input.getDevice();
      if (!device.equals(model) && (device.isGpu() || input.getShape().dimension() > 0)) {
        throw new IllegalArgumentException(
            "the model is on "
                + model
                + ", got an array "
                + input.getShape()
                + " on "
                + device
                + "; create arrays with a manager on the model's device, or move them there with"
                + " toDevice");
      }
    }
  }
}
