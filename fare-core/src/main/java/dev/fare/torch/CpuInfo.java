package dev.fare.torch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What Linux says of its first processor; elsewhere nothing is known.
 *
 * @param model its name, or {@code unknown}
 * @param features its flags, or the features of an ARM
 */
record CpuInfo(String model, Set<String> features) {

  private static final Path FILE = Path.of("/proc/cpuinfo");

  /** This machine's. */
  static CpuInfo here() {
    return read(FILE);
  }

  static CpuInfo read(Path file) {
    Map<String, String> first = new LinkedHashMap<>();
    if (Files.isReadable(file)) {
      try {
        for (String line : Files.readAllLines(file)) {
          int colon = line.indexOf(':');
          if (colon > 0) {
            first.putIfAbsent(line.substring(0, colon).trim(), line.substring(colon + 1).trim());
          }
        }
      } catch (IOException e) {
        return new CpuInfo("unknown", Set.of()); // as on systems that have no such file
      }
    }
    String features = first.getOrDefault("flags", first.getOrDefault("Features", ""));
    return new CpuInfo(
        first.getOrDefault("model name", "unknown"), Set.copyOf(List.of(features.split("\\s+"))));
  }
}
