package dev.fare.examples.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.Precision;
import dev.fare.ThreatModel;
import dev.fare.attacks.PgdAttack;
import dev.fare.examples.CommandLines;
import dev.fare.image.PixelNormalization;
import dev.fare.models.vision.VisionTransformer;
import dev.fare.models.vision.VitConfig;
import dev.fare.training.FareTrainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * What a FARE step needs beyond weights, original and moments, with activations kept and computed
 * again: the peak of resident memory in a process of its own, less what was resident before the
 * step. The weights are random, which changes no size.
 *
 * <p>On Linux the process gives memory back as soon as it is freed, so that the peak is what is
 * alive together. By default glibc's heap keeps what was freed, some of it in pieces too small to
 * be used again; {@code --heap} measures with that.
 */
@Command(
    name = "memory",
    description = "Measures the memory of a FARE step with and without activation checkpointing.",
    mixinStandardHelpOptions = true)
public final class MemoryBenchmark implements Callable<Integer> {

  @Option(names = "--model", description = "architecture, default ${DEFAULT-VALUE}")
  private String model = "ViT-L-14";

  @Option(names = "--batch-size", description = "images, default ${DEFAULT-VALUE}")
  private int batchSize = 8;

  @Option(names = "--attack-steps", description = "of PGD, default ${DEFAULT-VALUE}")
  private int attackSteps = 1;

  @Option(names = "--heap", description = "counts what glibc's heap keeps of freed memory, too")
  private boolean heap;

  @Option(names = "--child", description = "measures one way in this process", hidden = true)
  private String child = "";

  /** Runs the benchmark. */
  public static void main(String[] arguments) {
    CommandLines.run(new MemoryBenchmark(), arguments);
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (!child.isEmpty()) {
      measure(child.equals("again"));
      return 0;
    }
    double gradients =
        4.0 * Workbench.config(model).tensors().values().stream().mapToLong(Shape::size).sum();
    double[] kept = run("kept");
    double[] again = run("again");
    System.out.printf(
        Locale.ROOT,
        "a FARE step of %s, %d images, PGD of %d step%n"
            + "gradients of the weights:   %.2f GB, which no way can do without%n"
            + "activations kept:           %.2f GB with them, beyond weights and moments, %.1f s%n"
            + "activations computed again: %.2f GB, %.1f s%n"
            + "ratio: %.0f %% of the memory, %.2f of the time%n",
        model,
        batchSize,
        attackSteps,
        gradients / 1e9,
        kept[0] / 1e9,
        kept[1],
        again[0] / 1e9,
        again[1],
        100 * again[0] / kept[0],
        again[1] / kept[1]);
    return 0;
  }

  /** Bytes and seconds of a step in a process of its own. */
  private double[] run(String way) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx512m", "-XX:+AlwaysPreTouch", "-Xms512m"));
    System.getProperties().stringPropertyNames().stream()
        .filter(name -> name.startsWith("ai.djl.") || name.startsWith("org.slf4j."))
        .forEach(name -> command.add("-D" + name + "=" + System.getProperty(name)));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(MemoryBenchmark.class.getName());
    command.addAll(List.of("--child", way, "--model", model));
    command.addAll(List.of("--batch-size", Integer.toString(batchSize)));
    command.addAll(List.of("--attack-steps", Integer.toString(attackSteps)));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    if (!heap) {
      builder.environment().put("MALLOC_MMAP_THRESHOLD_", Integer.toString(1 << 17));
    }
    Process process = builder.start();
    String last = "";
    for (String line : process.inputReader().lines().toList()) {
      last = line;
    }
    if (process.waitFor() != 0) {
      throw new IOException("the process that measures ended with " + process.exitValue());
    }
    String[] numbers = last.split(" ", -1);
    return new double[] {Double.parseDouble(numbers[0]), Double.parseDouble(numbers[1])};
  }

  private void measure(boolean again) throws IOException {
    VitConfig config = Workbench.config(model);
    NDManager owner = NDManager.newBaseManager("PyTorch");
    Map<String, NDArray> weights = new LinkedHashMap<>();
    config
        .tensors()
        .forEach((name, shape) -> weights.put(name, owner.randomNormal(shape).muli(0.02)));
    VisionTransformer tower =
        new VisionTransformer(config, PixelNormalization.CLIP, weights, owner, Precision.FLOAT32);
    FareTrainer.Builder<?> builder =
        FareTrainer.builder(new TowerAsEncoder(tower))
            .attack(PgdAttack.builder(ThreatModel.linf(4 / 255.0)).steps(attackSteps).build())
            .metricsEvery(0);
    if (again) {
      builder.activationCheckpointing(true);
    }
    try (FareTrainer<?> trainer = builder.build();
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Shape shape = new Shape(batchSize, 3, config.imageSize(), config.imageSize());
      NDArray pixels = manager.randomUniform(0, 1, shape);
      // the moments are resident from the first update on, and libraries have their buffers
      trainer.step(pixels.get("0:1"));
      long before = ProcessMemory.resident();
      ProcessMemory.resetPeak();
      long start = System.nanoTime();
      trainer.step(pixels);
      double seconds = (System.nanoTime() - start) / 1e9;
      System.out.println((ProcessMemory.peak() - before) + " " + seconds);
    } finally {
      tower.close();
    }
  }
}
