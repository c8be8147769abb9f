package dev.fare.examples.benchmarks;

import ai.onnxruntime.OrtEnvironment;
import com.google.gson.GsonBuilder;
import com.sun.management.OperatingSystemMXBean;
import dev.fare.examples.CommandLines;
import dev.fare.examples.benchmarks.InterleavedTimer.Clock;
import dev.fare.examples.benchmarks.Workbench.Models;
import dev.fare.torch.EngineReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Measures how near the library comes to what the hardware and others can do, and prints a table.
 *
 * <pre>{@code
 * mvn -q compile exec:java -Dexec.mainClass=dev.fare.examples.benchmarks.Benchmarks \
 *     -Dexec.args="--json benchmarks.json"
 * }</pre>
 *
 * <p>Every number is a ratio of two things that took turns in one run, a median over rounds; read
 * the span beside it before believing it.
 */
@Command(
    name = "benchmarks",
    mixinStandardHelpOptions = true,
    description = "Measures ratios of speed and prints a table.")
public final class Benchmarks implements Callable<Integer> {

  static final List<Benchmark> ALL =
      List.of(
          new PixelGradientBenchmark("pixel-gradient-b32", "ViT-B/32", Models::vitB32, 16),
          new PixelGradientBenchmark("pixel-gradient-l14", "ViT-L/14", Models::vitL14, 2),
          new FareStepBenchmark(),
          new ServingBenchmark(),
          new FileServingBenchmark(),
          new LoopOverheadBenchmark(),
          new ColdStartBenchmark());

  @Option(
      names = "--rows",
      split = ",",
      description = "which to measure, separated by commas: ${COMPLETION-CANDIDATES}",
      completionCandidates = Names.class)
  private @Nullable List<String> rows;

  @Option(names = "--json", description = "a file for the results")
  private @Nullable Path json;

  @Option(names = "--rounds", description = "at most so many turns each, ${DEFAULT-VALUE}")
  private int rounds = 9;

  @Option(
      names = "--seconds",
      description = "no round of a row begins later, after three: ${DEFAULT-VALUE}")
  private int seconds = 40;

  @Option(names = "--threads", description = "libtorch's and ONNX Runtime's; all cores by default")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--images", description = "a folder of JPEG files; drawn ones by default")
  private @Nullable Path images;

  @Option(names = "--clock", description = "${COMPLETION-CANDIDATES}; CPU needs one thread")
  private Clock clock = Clock.WALL;

  @Spec private CommandSpec spec = CommandSpec.create();

  /** What {@code --rows} takes. */
  private static final class Names extends ArrayList<String> {
    private static final long serialVersionUID = 1L;

    Names() {
      ALL.forEach(benchmark -> add(benchmark.name()));
    }
  }

  /** Runs the benchmarks. */
  public static void main(String[] arguments) {
    CommandLines.run(new Benchmarks(), arguments);
  }

  @Override
  public Integer call() throws Exception {
    // read once, when the engine starts
    System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(threads));
    List<Benchmark> chosen = chosen();
    PrintWriter out = spec.commandLine().getOut();
    Map<String, String> machine = machine();
    machine.forEach((name, value) -> out.println(name + ": " + value));
    out.println();
    out.flush();
    List<Measurement> measured = new ArrayList<>();
    InterleavedTimer timer = new InterleavedTimer(rounds, Duration.ofSeconds(seconds), clock);
    try (Workbench bench = new Workbench(Models.ofTheTable(), timer, threads, images)) {
      for (Benchmark benchmark : chosen) {
        for (Measurement measurement : benchmark.run(bench)) {
          measured.add(measurement);
          print(measurement, out);
        }
      }
    }
    if (json != null) {
      write(json, machine, measured);
    }
    return 0;
  }

  private static Map<String, String> machine() throws IOException {
    Map<String, String> facts = new LinkedHashMap<>(EngineReport.create().facts());
    if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system) {
      facts.put("memory, GiB", Long.toString(system.getTotalMemorySize() >> 30));
    }
    facts.put("onnxruntime", OrtEnvironment.getEnvironment().getVersion());
    return facts;
  }

  private List<Benchmark> chosen() {
    List<String> names = new Names();
    List<String> wanted = rows == null ? names : rows;
    for (String name : wanted) {
      if (!names.contains(name)) {
        throw new CommandLine.ParameterException(
            spec.commandLine(), "--rows takes " + String.join(", ", names) + "; got " + name);
      }
    }
    return ALL.stream().filter(benchmark -> wanted.contains(benchmark.name())).toList();
  }

  private static void print(Measurement measurement, PrintWriter out) {
    Target target = measurement.target();
    out.printf(
        "%s%n    %s (%s to %s), must be %s: %s%n",
        measurement.row(),
        target.format(measurement.value()),
        target.format(measurement.lowest()),
        target.format(measurement.highest()),
        target,
        measurement.isTargetMet() ? "met" : "NOT MET");
    measurement
        .details()
        .forEach((name, value) -> out.printf(Locale.ROOT, "    %s %.1f%n", name, value));
    out.flush();
  }

  private static void write(Path file, Map<String, String> machine, List<Measurement> measured)
      throws IOException {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("measured", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    all.put("machine", machine);
    all.put("rows", measured.stream().map(Measurement::toMap).toList());
    String text = new GsonBuilder().setPrettyPrinting().create().toJson(all);
    Files.writeString(file, text + "\n");
  }
}
