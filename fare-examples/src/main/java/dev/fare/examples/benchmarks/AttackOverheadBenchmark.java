package dev.fare.examples.benchmarks;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.ImageEncoder;
import dev.fare.Norm;
import dev.fare.Objective;
import dev.fare.Precision;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.ImageAttack;
import dev.fare.attacks.Objectives;
import dev.fare.attacks.PgdAttack;
import dev.fare.examples.CommandLines;
import dev.fare.examples.benchmarks.InterleavedTimer.Candidate;
import dev.fare.examples.benchmarks.InterleavedTimer.Clock;
import dev.fare.examples.benchmarks.InterleavedTimer.Timing;
import dev.fare.models.vision.VitConfig;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * What PGD and APGD spend outside the model: the attack against a plain loop of as many forward and
 * backward passes, on ViT-B/32, and the attack's own arithmetic on an objective that costs next to
 * nothing, as a share of a ViT-B/32 pass.
 *
 * <pre>{@code
 * java -Dai.djl.pytorch.num_threads=1 ... dev.fare.examples.benchmarks.AttackOverheadBenchmark \
 *     --clock cpu
 * }</pre>
 *
 * <p>The second number is the more exact one: the first is a small difference of large, noisy ones.
 */
@Command(
    name = "attack-overhead",
    mixinStandardHelpOptions = true,
    description = "Times what attacks spend outside the model.")
public final class AttackOverheadBenchmark implements Callable<Integer> {

  private static final String MODEL = "ViT-B-32-quickgelu";

  @Option(names = "--batch", description = "images at once")
  private int batch = 16;

  @Option(names = "--steps", description = "iterations of an attack")
  private int steps = 5;

  @Option(names = "--rounds", description = "runs of each candidate")
  private int rounds = 5;

  @Option(names = "--clock", description = "${COMPLETION-CANDIDATES}; CPU needs one thread")
  private Clock clock = Clock.WALL;

  @Spec private CommandSpec spec = CommandSpec.create();

  /** Runs the benchmark. */
  public static void main(String[] arguments) {
    CommandLines.run(new AttackOverheadBenchmark(), arguments);
  }

  /** An objective whose passes are one product: what is left is the attack itself. */
  private record InnerProduct(NDArray weights) implements Objective {
    @Override
    public NDArray forward(NDArray pixels) {
      return pixels.mul(weights).reshape(pixels.getShape().get(0), -1);
    }

    @Override
    public NDArray losses(NDArray outputs) {
      return outputs.sum(new int[] {1});
    }
  }

  @Override
  public Integer call() {
    try (NDManager manager =
        NDManager.newBaseManager(Engine.getEngine("PyTorch").defaultDevice(), "PyTorch")) {
      VitConfig config = Workbench.config(MODEL);
      ImageEncoder encoder =
          TowerAsEncoder.of(config, Workbench.weights(config, manager), Precision.FLOAT32);
      NDArray pixels = Workbench.images(batch, config, manager);
      NDArray elsewhere = manager.randomNormal(new Shape(batch, encoder.embeddingSize()));
      Objective model = Objectives.embeddingDistance(encoder, elsewhere);
      Objective free = new InnerProduct(manager.randomNormal(pixels.getShape()));
      PrintWriter out = spec.commandLine().getOut();
      out.printf(
          "%s, batch %d, %d steps, %d rounds, %s clock%n", MODEL, batch, steps, rounds, clock);
      out.printf(
          "%-10s %12s %10s %-18s %14s %10s%n",
          "", "ms per step", "ratio", "lowest to highest", "loop alone, ms", "share");
      print("PGD", 0, model, free, pixels, out);
      print("APGD", 1, model, free, pixels, out);
      out.flush();
    }
    return 0;
  }

  private void print(
      String name,
      int extraForwards,
      Objective model,
      Objective free,
      NDArray pixels,
      PrintWriter out) {
    List<Timing> onModel = time(name, extraForwards, model, pixels);
    List<Timing> alone = time(name, extraForwards, free, pixels);
    double pass = onModel.get(0).millis() / steps;
    out.printf(Locale.ROOT, "%-10s %12.1f%n", "plain", pass);
    for (int i = 1; i < onModel.size(); i++) {
      Timing timing = onModel.get(i);
      double loop = (alone.get(i).millis() - alone.get(0).millis()) / steps;
      out.printf(
          Locale.ROOT,
          "%-10s %12.1f %10.3f %-18s %14.2f %8.2f %%%n",
          timing.name(),
          timing.millis() / steps,
          timing.ratio(),
          String.format(Locale.ROOT, "%.3f to %.3f", timing.lowest(), timing.highest()),
          loop,
          100 * loop / pass);
    }
  }

  private List<Timing> time(String name, int extraForwards, Objective objective, NDArray pixels) {
    List<Candidate> candidates = new ArrayList<>();
    candidates.add(new Candidate("plain", () -> plain(objective, pixels, extraForwards)));
    for (Norm norm : Norm.values()) {
      double epsilon = norm == Norm.LINF ? 4 / 255.0 : norm == Norm.L2 ? 2 : 100;
      ImageAttack attack = attack(name, new ThreatModel(norm, epsilon));
      candidates.add(
          new Candidate(name + " " + norm, () -> attack.perturb(objective, pixels).close()));
    }
    return new InterleavedTimer(rounds, clock).run(candidates);
  }

  private ImageAttack attack(String name, ThreatModel threatModel) {
    return name.equals("PGD")
        ? PgdAttack.builder(threatModel).steps(steps).randomStart(false).build()
        : ApgdAttack.builder(threatModel).steps(steps).randomStart(false).build();
  }

  /** As many passes as the attack makes, and nothing else. */
  private void plain(Objective objective, NDArray pixels, int extraForwards) {
    for (int i = 0; i < steps; i++) {
      try (TensorScope scope = TensorScope.of(pixels);
          GradMode on = GradMode.enableGrad()) {
        NDArray variable = Autograd.leaf(pixels);
        variable.attach(scope.manager());
        NDArray losses = objective.losses(objective.forward(variable));
        Autograd.gradient(losses.sum(), variable);
      }
    }
    for (int i = 0; i < extraForwards; i++) {
      try (TensorScope scope = TensorScope.of(pixels);
          GradMode off = GradMode.noGrad()) {
        objective.losses(objective.forward(scope.view(pixels))).sum().getFloat();
      }
    }
  }
}
