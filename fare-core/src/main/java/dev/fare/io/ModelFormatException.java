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

  /** Makes something of values that a file gave. */
  @FunctionalInterface
  public interface Reading<T> {
    T get() throws IOException;
  }

  /**
   * Makes something of values that a file gave: where they are beyond what it takes, the file is
   * wrong and not the caller.
   *
   * @param origin the file, and the place in it
   */
  public static <T> T whereFileIsWrong(String origin, Reading<T> reading) throws IOException {
    try {
      return reading.get();
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new ModelFormatException(origin + ": " + e.getMessage(), e);
    }
  }
}
