package dev.fare.spark;

import dev.fare.models.RobustClipEncoder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * The encoders of one executor's process: each model is loaded once and shared by all tasks, until
 * the process ends.
 */
final class ExecutorEncoders {

  // Spark offers tasks of different stages nothing but the process to share something by.
  private static final Map<String, RobustClipEncoder> LOADED = new HashMap<>();

  private ExecutorEncoders() {}

  /** The encoder of a path that every executor can read. */
  static synchronized RobustClipEncoder get(String path) throws IOException {
    RobustClipEncoder encoder = LOADED.get(path);
    if (encoder == null) {
      encoder = RobustClipEncoder.load(Path.of(path));
      LOADED.put(path, encoder);
    }
    return encoder;
  }
}
