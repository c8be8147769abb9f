package dev.fare.image;

import java.io.IOException;

/** What a format's decoder throws before the file's name is known. */
final class MalformedImageException extends IOException {
  private static final long serialVersionUID = 1L;

  private final String reason;

  MalformedImageException(String reason) {
    super(reason);
    this.reason = reason;
  }

  String reason() {
    return reason;
  }
}
