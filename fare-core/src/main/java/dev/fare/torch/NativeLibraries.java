package dev.fare.torch;

import ai.djl.engine.EngineException;
import ai.djl.util.Utils;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Why DJL could not load its native libraries: its own message names neither place nor cause. */
public final class NativeLibraries {

  private static final String SIGN = "native library";

  private NativeLibraries() {}

  /**
   * What is wrong and what to do, where a library could not be unpacked or loaded.
   *
   * @return nothing for other errors
   */
  public static Optional<String> reason(EngineException e) {
    return String.valueOf(e.getMessage()).contains(SIGN)
        ? Optional.of(reason(e, Utils.getCacheDir()))
        : Optional.empty();
  }

  private static String reason(EngineException e, Path folder) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    String reason = e.getMessage() + (cause == e ? "" : " (" + cause + ")");
    return canBeWritten(folder)
        ? reason + "; it is unpacked into " + folder
        : reason
            + "; it is unpacked into "
            + folder
            + ", which can't be written: set the environment variable DJL_CACHE_DIR to a folder"
            + " that can";
  }

  /** A folder that is there, or can be made where it is to be. */
  private static boolean canBeWritten(Path folder) {
    @Nullable Path existing = folder.toAbsolutePath();
    while (existing != null && !Files.exists(existing)) {
      existing = existing.getParent();
    }
    return existing != null && Files.isDirectory(existing) && Files.isWritable(existing);
  }
}
