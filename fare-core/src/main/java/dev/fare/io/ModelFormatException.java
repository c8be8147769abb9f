package dev.fare.io;

import java.io.IOException;

/**
 * A model file that can't be used; the message names the file and, where there is one, the tensor.
 */
public final class ModelFormatException extends IOException {

  private static final long serialVersionUID = 1L;

  /** With what is wrong, where, and what to do. */
  public ModelFormatException(String message) {
    super(message);
  }

  /** With the failure that lies beneath. */
  public ModelFormatException(String message, Throwable cause) {
    super(message, cause);
  }
}
