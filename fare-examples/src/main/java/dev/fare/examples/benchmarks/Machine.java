package dev.fare.examples.benchmarks;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.onnxruntime.OrtEnvironment;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What the numbers were measured on. */
final class Machine {

  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");
  private static final List<String> FEATURES =
      List.of("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd");

  private Machine() {}

  static Map<String, String> describe(int threads) throws IOException {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("cpu", cpuInfo("model name"));
    String flags = " " + cpuInfo("flags") + " ";
    facts.put(
        "cpu features",
        FEATURES.stream()
            .filter(feature -> flags.contains(" " + feature + " "))
            .collect(Collectors.joining(" ")));
    facts.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    facts.put("threads", Integer.toString(threads));
    if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system) {
      facts.put("memory, GiB", Long.toString(system.getTotalMemorySize() >> 30));
    }
    facts.put("device", device());
    facts.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    facts.put("java", System.getProperty("java.version"));
    facts.put("libtorch", Engine.getEngine("PyTorch").getVersion());
    facts.put("djl", Engine.getDjlVersion());
    facts.put("onnxruntime", OrtEnvironment.getEnvironment().getVersion());
    return facts;
  }

  private static String device() {
    Device device = Engine.getEngine("PyTorch").defaultDevice();
    return device.toString();
  }

  private static String cpuInfo(String key) throws IOException {
    if (!Files.isReadable(CPU_INFO)) {
      return "unknown";
    }
    return Files.readAllLines(CPU_INFO).stream()
        .filter(line -> line.startsWith(key))
        .map(line -> Arrays.asList(line.split(":", 2)).get(1).trim())
        .findFirst()
        .orElse("unknown");
  }
}
