package dev.fare.torch;

import ai.djl.engine.EngineException;
import java.util.List;
import java.util.Locale;

/** Whether an error of libtorch says that a device has no memory left: its text alone tells. */
final class OutOfMemory {

  /** Of CUDA, of libtorch's CPU allocator on Linux and on Windows, of cuBLAS and of cuDNN. */
  private static final List<String> TEXTS =
      List.of(
          "out of memory",
          "can't allocate memory",
          "not enough memory",
          "cublas_status_alloc_failed",
          "cublas_status_not_initialized",
          "cudnn_status_alloc_failed");

  private OutOfMemory() {}

  /** Whether less work at a time may succeed. */
  static boolean isCauseOf(EngineException e) {
    String message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
    return TEXTS.stream().anyMatch(message::contains);
  }
}
