package dev.fare.examples.benchmarks;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.fare.Precision;
import dev.fare.examples.CommandLines;
import dev.fare.image.PixelNormalization;
import dev.fare.models.ClipInitialization;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.format.ClipArchitectures;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.huggingface.HuggingFaceWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * What loading a vision tower costs: memory beside the file's own size, and time against reading
 * the file.
 *
 * <pre>{@code
 * java -XX:MaxDirectMemorySize=4g ... dev.fare.examples.benchmarks.LoadBenchmark --model ViT-L-14-quickgelu
 * }</pre>
 *
 * <p>Random weights are written once; each round then loads them in a process of its own, which
 * reads the file first, so that both come from the operating system's cache. Linux only: memory is
 * what {@code /proc} calls resident.
 */
@Command(
    name = "load-benchmark",
    mixinStandardHelpOptions = true,
    description = "Measures memory and time of loading a vision tower of random weights.")
public final class LoadBenchmark implements Callable<Integer> {

  private static final double MEGABYTE = 1e6;
  private static final int BUFFER = 1 << 20;

  @Option(names = "--model", description = "an architecture of open_clip")
  private String model = "ViT-L-14-quickgelu";

  @Option(names = "--rounds", description = "processes that load it")
  private int rounds = 5;

  @Option(names = "--load", hidden = true, description = "what a process of a round loads")
  private Optional<Path> load = Optional.empty();

  @Spec private CommandSpec spec = CommandSpec.create();

  /** Runs the benchmark. */
  public static void main(String[] arguments) {
    CommandLines.run(new LoadBenchmark(), arguments);
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (load.isPresent()) {
      spec.commandLine().getOut().println(measure(load.get()));
      return 0;
    }
    Path directory = Files.createTempDirectory("load-benchmark");
    try {
      Path saved = directory.resolve("model");
      Path weights = write(saved);
      double[][] measured = new double[rounds][];
      for (int round = 0; round < rounds; round++) {
        measured[round] = inItsOwnProcess(saved);
      }
      print(Files.size(weights), measured);
      return 0;
    } finally {
      MoreFiles.deleteRecursively(directory, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }

  private Path write(Path directory) throws IOException {
    ClipConfig config =
        new ClipConfig(
            ClipArchitectures.named(model).vision(), Optional.empty(), PixelNormalization.CLIP);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      HuggingFaceWriter.write(
          config, ClipInitialization.random(config, 1, manager), Optional.empty(), directory);
    }
    return directory.resolve("model.safetensors");
  }

  private static double[] inItsOwnProcess(Path directory) throws IOException, InterruptedException {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                LoadBenchmark.class.getName(),
                "--load",
                directory.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String line = new String(child.getInputStream().readAllBytes()).strip();
    if (child.waitFor() != 0) {
      throw new IOException("loading failed in its own process: " + line);
    }
    return Arrays.stream(line.split(" ")).mapToDouble(Double::parseDouble).toArray();
  }

  /** Seconds to read, seconds to load, megabytes resident before, and at most. */
  private static String measure(Path directory) throws IOException {
    Engine.getEngine("PyTorch");
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      manager.zeros(new Shape(1)).close(); // libtorch is there now
    }
    double reading = seconds(() -> readThrough(directory.resolve("model.safetensors")));
    double before = resident("VmRSS");
    double loading =
        seconds(
            () ->
                RobustClipEncoder.load(directory, Device.cpu(), Precision.FLOAT32).embeddingSize());
    return String.format(Locale.ROOT, "%f %f %f %f", reading, loading, before, resident("VmHWM"));
  }

  private interface Work {
    void run() throws IOException;
  }

  private static double seconds(Work work) throws IOException {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) / 1e9;
  }

  private static void readThrough(Path file) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    try (FileChannel channel = FileChannel.open(file)) {
      while (channel.read(buffer.clear()) >= 0) {
        // Only the time counts.
      }
    }
  }

  private static double resident(String key) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith(key + ":")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024 / MEGABYTE;
      }
    }
    throw new IOException("/proc/self/status has no " + key);
  }

  private void print(long bytes, double[][] measured) {
    PrintWriter out = spec.commandLine().getOut();
    double file = bytes / MEGABYTE;
    List<double[]> all = List.of(measured);
    out.printf(Locale.ROOT, "%s, vision tower of %.0f MB, %d processes%n", model, file, rounds);
    row(out, "reading the file, seconds", all.stream().mapToDouble(m -> m[0]).toArray());
    row(out, "loading it, seconds", all.stream().mapToDouble(m -> m[1]).toArray());
    row(out, "loading against reading", all.stream().mapToDouble(m -> m[1] / m[0]).toArray());
    row(out, "resident before, MB", all.stream().mapToDouble(m -> m[2]).toArray());
    row(out, "resident at most, MB", all.stream().mapToDouble(m -> m[3]).toArray());
    row(out, "more than the file, MB", all.stream().mapToDouble(m -> m[3] - m[2] - file).toArray());
    out.flush();
  }

  private static void row(PrintWriter out, String name, double[] values) {
    Arrays.sort(values);
    out.printf(
        Locale.ROOT,
        "%-28s %9.2f median, %.2f to %.2f%n",
        name,
        values[values.length / 2],
        values[0],
        values[values.length - 1]);
  }
}
