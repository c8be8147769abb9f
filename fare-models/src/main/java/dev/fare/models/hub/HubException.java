package dev.fare.models.hub;

import java.io.IOException;

/** A download that failed; the message names the repository and says what to do. */
public final class HubException extends IOException {

  private static final long serialVersionUID = 1L;

  /** With what failed and what to do. */
  public HubException(String message) {
    super(message);
  }

  /** With the failure that lies beneath. */
  public HubException(String message, Throwable cause) {
    super(message, cause);
  }
}
