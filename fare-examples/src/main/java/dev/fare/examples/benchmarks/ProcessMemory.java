package dev.fare.examples.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The memory of this process as Linux counts it, Java's and libtorch's together. */
final class ProcessMemory {

  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path CLEAR_REFS = Path.of("/proc/self/clear_refs");

  private ProcessMemory() {}

  /** Bytes that are resident now. */
  static long resident() throws IOException {
    return bytes("VmRSS:");
  }

  /** The most bytes that were resident since the start or the last {@link #resetPeak}. */
  static long peak() throws IOException {
    return bytes("VmHWM:");
  }

  /** Lets the peak start at what is resident now. */
  static void resetPeak() throws IOException {
    Files.writeString(CLEAR_REFS, "5");
  }

  private static long bytes(String field) throws IOException {
    for (String line : Files.readAllLines(STATUS)) {
      if (line.startsWith(field)) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IOException(STATUS + " has no " + field + "; this benchmark needs Linux");
  }
}
