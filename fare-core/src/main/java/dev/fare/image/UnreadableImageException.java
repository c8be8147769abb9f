package dev.fare.image;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** An image that can't be decoded: truncated, malformed, unsupported or larger than allowed. */
public final class UnreadableImageException extends IOException {
  private static final long serialVersionUID = 1L;

  private final String source;
  private final String reason;

  /**
   * @param source the file, or what the caller called the bytes
   * @param reason what is wrong, and what to do where there is something to do
   * @param cause the decoder's own exception, if there is one
   */
  public UnreadableImageException(String source, String reason, @Nullable Throwable cause) {
    super("can't read image " + source + ": " + reason, cause);
    this.source = source;
    this.reason = reason;
  }

  /** The file, or what the caller called the bytes. */
  public String source() {
    return source;
  }

  /** What is wrong with it. */
  public String reason() {
    return reason;
  }
}
