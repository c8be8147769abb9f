package dev.fare.cli;

import dev.fare.torch.EngineReport;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code fare doctor}. */
@Command(
    name = "doctor",
    description = {
      "Says what fare runs on: versions, where libtorch lies, the processor and its threads, the"
          + " GPUs, the precision that AUTO takes on each; and what keeps a GPU from being used."
    },
    mixinStandardHelpOptions = true)
final class DoctorCommand implements Callable<Integer> {

  @Mixin private CommonOptions common = new CommonOptions();

  @Override
  public Integer call() {
    try (Terminal terminal = common.terminal()) {
      EngineReport report = EngineReport.create();
      terminal.table(report.facts());
      report.advice().ifPresent(terminal::warn);
      Map<String, Object> result = new LinkedHashMap<>(report.facts());
      report.advice().ifPresent(advice -> result.put("advice", advice));
      terminal.result(result);
      return 0;
    }
  }
}
