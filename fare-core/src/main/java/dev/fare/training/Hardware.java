package dev.fare.training;

import dev.fare.torch.CpuThreads;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a run is computed on. */
final class Hardware {

  private Hardware() {}

  /** The devices, the leader's first, and the threads that an operation on the CPU has. */
  static Map<String, String> of(TrainableEncoder leader, List<? extends TrainableEncoder> others) {
    Map<String, String> hardware = new LinkedHashMap<>();
    hardware.put(
        "devices",
        Stream.concat(Stream.of(leader), others.stream())
            .map(encoder -> encoder.parameters().values().iterator().next().getDevice().toString())
            .collect(Collectors.joining(", ")));
    hardware.put("cpuThreads", Integer.toString(CpuThreads.count()));
    return hardware;
  }
}
