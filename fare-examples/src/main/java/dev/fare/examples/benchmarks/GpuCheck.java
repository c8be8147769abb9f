package dev.fare.examples.benchmarks;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.util.cuda.CudaUtils;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import dev.fare.Precision;
import dev.fare.examples.benchmarks.InterleavedTimer.Clock;
import dev.fare.examples.quickstart.EmbeddedClip;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VitConfig;
import dev.fare.torch.EngineReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * What only a card can show: that it computes what the CPU does, how near training comes to its
 * matrix rate, memory and serving. {@code bin/gpu-kit} packs it into an archive for a machine with
 * a GPU.
 *
 * <p>A part that fails is told with its reason, and the others go on.
 */
@Command(
    name = "gpu-check",
    mixinStandardHelpOptions = true,
    description = "Tries and measures the library on the engine's default device.")
public final class GpuCheck implements Callable<Integer> {

  private static final Gson GSON =
      new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

  @Option(names = "--json", description = "a file for the results")
  private @Nullable Path json;

  @Option(names = "--small", description = "a rehearsal with tiny models and few images")
  private boolean small;

  @Option(names = "--batch-size", description = "of the large step; 128, or 2 where small")
  private @Nullable Integer batchSize;

  /** Stand for the models of the table in a rehearsal. */
  private static final Workbench.Models TINY = new Workbench.Models(tiny(), tiny());

  /** A part of the check. */
  @FunctionalInterface
  private interface Part {
    Object run() throws Exception;
  }

  private final Map<String, Object> results = new LinkedHashMap<>();
  private boolean failed;

  /** Runs the check. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new GpuCheck()).execute(arguments));
  }

  @Override
  public Integer call() throws IOException {
    EngineReport report = EngineReport.create();
    Device device = report.device();
    report.facts().forEach((name, value) -> System.out.println(name + ": " + value));
    report.advice().ifPresent(advice -> System.out.println("advice: " + advice));
    results.put("engine", report.facts());
    results.put("rehearsal", small);
    Path folder = Files.createTempDirectory("fare-gpu-check");
    try {
      Path clip = EmbeddedClip.copyTo(folder.resolve("clip"));
      DeviceSmoke smoke = new DeviceSmoke(device, small ? 2 : 16);
      part("agreement with the CPU", () -> smoke.agreement(clip));
      part("attacks", () -> smoke.attacks(clip));
      part("training", () -> smoke.training(clip, folder));
      part("TorchScript export", () -> export(clip, device, folder.resolve("exported")));
      InterleavedTimer timer =
          new InterleavedTimer(small ? 1 : 5, Duration.ofSeconds(60), Clock.WALL);
      Workbench.Models used = small ? TINY : Workbench.Models.ofTheTable();
      int threads = Runtime.getRuntime().availableProcessors();
      try (Workbench bench = new Workbench(used, timer, threads, null)) {
        int batch = small ? 2 : 16;
        int large = batchSize != null ? batchSize : small ? 2 : 128;
        for (Benchmark benchmark :
            List.of(
                new PixelGradientBenchmark(
                    "pixel-gradient-b32", "ViT-B/32", Workbench.Models::vitB32, 8 * batch),
                new PixelGradientBenchmark(
                    "pixel-gradient-l14", "ViT-L/14", Workbench.Models::vitL14, 2 * batch),
                new FareStepBenchmark(),
                new LoopOverheadBenchmark(),
                new LargeStepBenchmark(large))) {
          part(
              benchmark.name(),
              () -> benchmark.run(bench).stream().map(Measurement::toMap).toList());
        }
        part("serving, images/s", () -> serving(bench, device));
      }
      part("memory", () -> memory(device));
    } finally {
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    }
    if (json != null) {
      Files.writeString(json, GSON.toJson(results) + "\n");
    }
    return failed ? 1 : 0;
  }

  private static VitConfig tiny() {
    return new VitConfig(32, 8, 32, 2, 2, 128, 16, Activation.QUICK_GELU, 1e-5);
  }

  private void part(String name, Part part) {
    long start = System.nanoTime();
    Map<String, Object> result = new LinkedHashMap<>();
    try {
      result.put("found", part.run());
    } catch (Exception | LinkageError e) { // whatever it is, the other parts are worth their run
      failed = true;
      result.put("failed", e.toString());
    }
    result.put("seconds", (System.nanoTime() - start) / 1e9);
    results.put(name, result);
    System.out.printf(Locale.ROOT, "%n%s: %s%n", name, GSON.toJson(result));
  }

  private static Map<String, Object> export(Path clip, Device device, Path directory)
      throws IOException {
    try (RobustClipEncoder encoder = RobustClipEncoder.load(clip, device)) {
      encoder.exportTorchScript(directory);
      return Map.of("bytes", Files.size(directory.resolve("model.pt")));
    }
  }

  private Map<String, Object> serving(Workbench bench, Device device) throws IOException {
    Map<String, Object> rates = new LinkedHashMap<>();
    for (Precision precision : List.of(Precision.FLOAT32, Precision.BFLOAT16)) {
      try (RobustClipEncoder encoder = RobustClipEncoder.load(bench.vitB32(), device, precision);
          NDManager manager = bench.manager().newSubManager()) {
        for (int batch : small ? new int[] {1} : new int[] {1, 16, 128}) {
          NDArray images = Workbench.images(batch, bench.models().vitB32(), manager);
          ServingBenchmark.embed(encoder, images);
          int calls = small ? 2 : 20;
          long start = System.nanoTime();
          for (int i = 0; i < calls; i++) {
            ServingBenchmark.embed(encoder, images);
          }
          rates.put(
              "ViT-B/32, batch " + batch + ", " + precision,
              batch * calls * 1e9 / (System.nanoTime() - start));
        }
      }
    }
    return rates;
  }

  private static Map<String, Object> memory(Device device) throws IOException {
    Map<String, Object> found = new LinkedHashMap<>();
    found.put("resident on the host, MiB", ProcessMemory.resident() >> 20);
    found.put("peak on the host, MiB", ProcessMemory.peak() >> 20);
    if (device.isGpu()) {
      found.put("held of the card, MiB", CudaUtils.getGpuMemory(device).getUsed() >> 20);
    }
    return found;
  }
}
