package dev.fare.examples.benchmarks;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.ImageEncoder;
import dev.fare.Precision;
import dev.fare.examples.CommandLines;
import dev.fare.examples.benchmarks.InterleavedTimer.Candidate;
import dev.fare.examples.benchmarks.InterleavedTimer.Clock;
import dev.fare.examples.benchmarks.InterleavedTimer.Timing;
import dev.fare.examples.benchmarks.InterleavedTimer.Work;
import dev.fare.examples.benchmarks.PlainTower.Choice;
import dev.fare.models.vision.VitConfig;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * A pixel gradient (forward and backward to the pixels, what an attack's iteration costs) of the
 * library's vision transformer, against the original code's order of operations on the same
 * libtorch, with each of the library's choices taken alone.
 *
 * <pre>{@code
 * java -XX:MaxDirectMemorySize=4g ... dev.fare.examples.benchmarks.TowerBenchmark \
 *     --model ViT-B-32-quickgelu --batch 16
 * }</pre>
 *
 * <p>On a busy machine, {@code -Dai.djl.pytorch.num_threads=1} and {@code --clock cpu} leave out
 * what other processes take.
 *
 * <p>Candidates take turns and ratios are medians over rounds, since machines are noisy: read the
 * span beside a ratio before believing it.
 */
@Command(
    name = "tower-benchmark",
    mixinStandardHelpOptions = true,
    description = "Times pixel gradients of a vision transformer with random weights.")
public final class TowerBenchmark implements Callable<Integer> {

  @Option(names = "--model", description = "an architecture of open_clip with QuickGELU")
  private String model = "ViT-B-32-quickgelu";

  @Option(names = "--layers", description = "fewer blocks than the architecture's, for a short run")
  private int layers;

  @Option(names = "--batch", description = "images at once")
  private int batch = 16;

  @Option(names = "--rounds", description = "runs of each candidate")
  private int rounds = 7;

  @Option(names = "--clock", description = "${COMPLETION-CANDIDATES}; CPU needs one thread")
  private Clock clock = Clock.WALL;

  @Option(names = "--forward", description = "embeddings alone, without gradients")
  private boolean isForwardOnly;

  @Spec private CommandSpec spec = CommandSpec.create();

  /** Runs the benchmark. */
  public static void main(String[] arguments) {
    CommandLines.run(new TowerBenchmark(), arguments);
  }

  @Override
  public Integer call() {
    VitConfig config = config();
    try (NDManager manager =
        NDManager.newBaseManager(Engine.getEngine("PyTorch").defaultDevice(), "PyTorch")) {
      Map<String, NDArray> weights = Workbench.weights(config, manager);
      NDArray pixels = Workbench.images(batch, config, manager);
      List<Candidate> candidates = new ArrayList<>();
      for (Precision precision : List.of(Precision.FLOAT32, Precision.BFLOAT16)) {
        ImageEncoder ours = TowerAsEncoder.of(config, weights, precision);
        candidates.add(new Candidate("library, " + precision, work(ours, pixels)));
      }
      addPlain(config, weights, pixels, candidates);
      print(new InterleavedTimer(rounds, clock).run(candidates));
    }
    return 0;
  }

  private VitConfig config() {
    VitConfig vit = Workbench.config(model);
    return new VitConfig(
        vit.imageSize(),
        vit.patchSize(),
        vit.width(),
        layers > 0 ? layers : vit.layers(),
        vit.heads(),
        vit.mlpWidth(),
        vit.embeddingSize(),
        vit.activation(),
        vit.layerNormEpsilon());
  }

  private void addPlain(
      VitConfig config, Map<String, NDArray> weights, NDArray pixels, List<Candidate> candidates) {
    PlainTower plain = new PlainTower(config, weights, Set.of());
    candidates.add(new Candidate("original order of operations", work(plain, pixels)));
    for (Choice choice : Choice.values()) {
      String name = "  with " + choice.name().toLowerCase(Locale.ROOT).replace('_', ' ');
      PlainTower one = new PlainTower(config, weights, EnumSet.of(choice));
      candidates.add(new Candidate(name, work(one, pixels)));
    }
  }

  private Work work(ImageEncoder encoder, NDArray images) {
    return isForwardOnly
        ? () -> embed(encoder, images)
        : () -> PixelGradientBenchmark.differentiate(encoder, images);
  }

  private static void embed(ImageEncoder encoder, NDArray images) {
    try (TensorScope scope = TensorScope.of(images);
        GradMode off = GradMode.noGrad()) {
      encoder.embed(scope.view(images)).sum().getFloat();
    }
  }

  private void print(List<Timing> timings) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "%s, batch %d, %s, %d rounds, %s clock%n",
        model, batch, isForwardOnly ? "forward" : "pixel gradient", rounds, clock);
    out.printf("%-34s %10s %8s %s%n", "", "median ms", "ratio", "lowest to highest");
    for (Timing timing : timings) {
      out.printf(
          Locale.ROOT,
          "%-34s %10.1f %8.3f %.3f to %.3f%n",
          timing.name(),
          timing.millis(),
          timing.ratio(),
          timing.lowest(),
          timing.highest());
    }
    out.flush();
  }
}
