package dev.fare.torch;

/** A TorchScript source that libtorch refuses; the message shows file, line and a caret. */
public final class TorchCompilationException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  TorchCompilationException(String message, Throwable cause) {
    super(message, cause);
  }
}
