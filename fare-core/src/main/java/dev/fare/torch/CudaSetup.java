package dev.fare.torch;

import ai.djl.util.cuda.CudaUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What of CUDA is here. A GPU is used where all three are: the driver, CUDA's run-time library,
 * which DJL looks for to count the GPUs, and a libtorch that was built for CUDA.
 *
 * @param driver the version of NVIDIA's driver; only Linux says so
 * @param runtime the version of the run-time library that DJL finds, such as {@code 12.8}
 * @param gpus how many GPUs that library counts
 * @param torch whether libtorch was built for CUDA
 */
record CudaSetup(Optional<String> driver, Optional<String> runtime, int gpus, boolean torch) {

  private static final Path DRIVER = Path.of("/proc/driver/nvidia/version");

  private static final String BRING_TORCH =
      "; bring one for CUDA: the folder torch/lib of PyTorch's package for Python, of the version"
          + " of libtorch above, named by the environment variables PYTORCH_LIBRARY_PATH=<folder>,"
          + " PYTORCH_VERSION=<version> and PYTORCH_FLAVOR=cu128";

  /** This machine's. */
  static CudaSetup here(boolean torch) {
    return new CudaSetup(driverVersion(), runtimeVersion(), CudaUtils.getGpuCount(), torch);
  }

  private static Optional<String> driverVersion() {
    try {
      return Files.exists(DRIVER)
          ? Files.readAllLines(DRIVER).stream()
              .findFirst()
              .map(line -> line.replaceAll("\\s+", " "))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.of("unreadable: " + e.getMessage());
    }
  }

  private static Optional<String> runtimeVersion() {
    try {
      int version = CudaUtils.getCudaVersion(); // 12080 is 12.8
      return Optional.of(version / 1000 + "." + version % 1000 / 10);
    } catch (IllegalStateException | IllegalArgumentException e) {
      return Optional.empty(); // DJL's way to say that there is none
    }
  }

  /** Whether a GPU can be used. */
  boolean isComplete() {
    return torch && gpus > 0;
  }

  /** What keeps a GPU that seems to be here from being used; nothing where none does. */
  Optional<String> obstacle() {
    if (isComplete() || !(driver.isPresent() || gpus > 0)) {
      return Optional.empty();
    }
    if (runtime.isEmpty()) {
      return Optional.of(
          "there is a driver for GPUs, but DJL finds no CUDA run-time library (libcudart.so) to"
              + " count them with: name its folder by -Djna.library.path=<folder>"
              + (torch ? "" : "; libtorch here is also the build for CPUs" + BRING_TORCH));
    }
    if (gpus == 0) {
      return Optional.of(
          "CUDA "
              + runtime.get()
              + " sees no GPU, though there is a driver: is CUDA_VISIBLE_DEVICES empty, the driver"
              + " too old, or the device not open to this container?");
    }
    return Optional.of("libtorch here is the build for CPUs" + BRING_TORCH);
  }
}
