package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.AttackCost;
import dev.fare.AttackOptions;
import dev.fare.AttackResult.Scores;
import dev.fare.Norm;
import dev.fare.ThreatModel;
import dev.fare.attacks.fab.FabSearch;
import dev.fare.attacks.objective.ClassificationObjective;
import dev.fare.attacks.run.AttackRun;
import dev.fare.attacks.run.BestFound;
import dev.fare.attacks.run.Found;
import dev.fare.attacks.run.Restarts;
import dev.fare.attacks.run.WrongClasses;
import dev.fare.attacks.tensor.Kernels;
import dev.fare.attacks.tensor.LoopTensor;
import dev.fare.attacks.tensor.Rows;
import dev.fare.torch.Autograd;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import org.jspecify.annotations.Nullable;

/**
 * The fast adaptive boundary attack (Croce &amp; Hein, 2020, "Minimally distorted adversarial
 * examples with a fast adaptive boundary attack"): it looks for the nearest image that is
 * classified otherwise, not for the highest loss.
 *
 * <p>As an {@code Attack} it returns what it finds within the threat model's radius and the clean
 * image elsewhere; {@link #minimumNorm} returns the nearest images at any distance, so that one run
 * answers for every epsilon. The objective must be a {@link ClassificationObjective}; its loss is
 * only reported. Without targets each step takes one backward pass for each class.
 */
public final class FabAttack extends ImageAttack {

  /**
   * The nearest misclassified images that were found.
   *
   * @param images {@code [N,C,H,W]}; the clean image where none was found
   * @param distances {@code [N]} in the threat model's norm: 0 where the clean image is already
   *     misclassified, infinite where nothing was found
   * @param cost what was spent
   */
  public record MinimumNorm(NDArray images, NDArray distances, AttackCost cost)
      implements AutoCloseable {

    /** Frees the arrays. */
    @Override
    public void close() {
      images.close();
      distances.close();
    }
  }

  private final Builder settings;

  private FabAttack(Builder builder) {
    super(builder);
    settings = builder;
  }

  /** Starts an untargeted attack of 100 steps from the clean image. */
  public static Builder builder(ThreatModel threatModel) {
    return new Builder(threatModel);
  }

  /** How many wrong classes it goes for at most; 0 for the nearest, whichever it is. */
  public int targets() {
    return settings.targets;
  }

  /**
   * The nearest misclassified images, whatever their distance.
   *
   * @param objective says what is misclassified
   * @param pixels clean images {@code [N,C,H,W]} float32 in [0,1]
   * @return arrays owned by the manager of {@code pixels}
   */
  public MinimumNorm minimumNorm(ClassificationObjective objective, NDArray pixels) {
    return withRun(
        objective,
        pixels,
        AttackOptions.none(),
        run -> {
          Nearest best = new Nearest(run);
          BestFound misclassified = BestFound.ofCleanImages(run);
          WrongClasses wrong = wrongClasses(run);
          rounds(wrong)
              .search(
                  run,
                  misclassified,
                  (some, rows, i) -> {
                    FabSearch search = single(some, rows, wrong, null, i);
                    best.absorb(search, rows);
                    return BestFound.none(some).found();
                  });
          NDManager owner = pixels.getManager();
          try (TensorScope scope = TensorScope.of(run.manager())) {
            NDArray found = scope.keep(best.images.get().duplicate(), owner);
            NDArray open = misclassified.found().requireScores().succeeded().logicalNot();
            NDArray zeros = best.distances.get().zerosLike();
            NDArray distances = Kernels.choose(open, best.distances.get(), zeros);
            return new MinimumNorm(found, scope.keep(distances, owner), run.budget().cost());
          }
        });
  }

  /** The nearest adversarial images of several rounds. */
  private static final class Nearest {
    private final NDManager owner;
    private final LoopTensor images;
    private final LoopTensor distances;

    Nearest(AttackRun run) {
      owner = run.manager();
      try (TensorScope scope = TensorScope.of(owner)) {
        NDArray center = run.ball().center();
        images = new LoopTensor(center, owner, scope);
        NDArray far = scope.manager().full(new Shape(run.size()), Float.POSITIVE_INFINITY);
        distances = new LoopTensor(far, owner, scope);
      }
    }

    void absorb(FabSearch search, long[] rows) {
      try (TensorScope scope = TensorScope.of(owner)) {
        Rows.Spread spread = Rows.spread(rows, distances.get().size(), scope);
        NDArray size = spread.take(search.distances());
        NDArray nearer = size.lt(distances.get()).logicalAnd(spread.isFound());
        NDArray found = spread.take(search.nearest());
        images.set(Kernels.choose(nearer, found, images.get()), scope);
        distances.set(Kernels.choose(nearer, size, distances.get()), scope);
      }
    }
  }

  @Override
  Found search(AttackRun run, @Nullable NDArray start) {
    WrongClasses wrong = wrongClasses(run);
    return rounds(wrong)
        .search(
            run,
            BestFound.ofCleanImages(run),
            (some, rows, i) -> inBall(some, single(some, rows, wrong, start, i)));
  }

  private @Nullable WrongClasses wrongClasses(AttackRun run) {
    return settings.targets == 0 ? null : WrongClasses.of(run, settings.targets);
  }

  private Restarts rounds(@Nullable WrongClasses wrong) {
    return new Restarts(settings.restarts * (wrong == null ? 1 : wrong.count()), false);
  }

  private FabSearch single(
      AttackRun run,
      long[] rows,
      @Nullable WrongClasses wrong,
      @Nullable NDArray start,
      int round) {
    NDArray indices = Host.bring(run.manager(), rows);
    int restart = round % settings.restarts;
    NDArray targets =
        wrong == null ? null : Rows.take(wrong.ofRank(round / settings.restarts), indices);
    NDArray from = run.ball().center();
    if (restart > 0) {
      from = randomStart(run, round);
    } else if (start != null) {
      from = Rows.take(start, indices);
    }
    FabSearch search = new FabSearch(run, settings.run(), from, targets, round, listener());
    search.search();
    return search;
  }

  private NDArray randomStart(AttackRun run, int round) {
    NDArray center = run.ball().center();
    try (TensorScope scope = TensorScope.of(run.manager())) {
      NDArray draw =
          threatModel().norm() == Norm.LINF
              ? run.random().uniform(center, "fab start", round)
              : run.random().gaussian(center, "fab start", round);
      double half = run.ball().threatModel().epsilon() / 2;
      NDArray inside = center.add(threatModel().atLength(draw, 1e-12, half));
      return scope.keep(Autograd.clip(inside, 0, 1), run.manager());
    }
  }

  /** What was found counts if it lies in the ball. */
  private static Found inBall(AttackRun run, FabSearch search) {
    try (TensorScope scope = TensorScope.of(run.manager())) {
      NDArray center = run.ball().center();
      NDArray near = run.ball().contains(search.nearest());
      NDArray images = Kernels.choose(near, search.nearest(), center);
      Scores at = run.evaluate(images);
      scope.keep(images, run.manager());
      scope.keep(at.losses(), run.manager());
      scope.keep(at.succeeded(), run.manager());
      return new Found(images, images, new Scores(at.losses(), at.succeeded()));
    }
  }

  /** Settings of a {@link FabAttack}. */
  public static final class Builder extends RestartingAttackBuilder<Builder> {

    private int steps = 100;
    private int targets;
    private double eta = 1.05;
    private double alphaMax = 0.1;
    private double beta = 0.9;

    private Builder(ThreatModel threatModel) {
      super(threatModel);
    }

    @Override
    Builder self() {
      return this;
    }

    @Override
    String describe() {
      return "steps="
          + steps
          + ", restarts="
          + restarts
          + ", targets="
          + targets
          + ", eta="
          + eta
          + ", alphaMax="
          + alphaMax
          + ", beta="
          + beta;
    }

    private FabSearch.Settings run() {
      return new FabSearch.Settings(steps, eta, alphaMax, beta);
    }

    /** Steps of each restart and target, at least 1; 100 by default. */
    public Builder steps(int steps) {
      this.steps = atLeast(1, "steps", steps);
      return this;
    }

    /**
     * How many of the most likely wrong classes to go for, one after the other; 0, the default,
     * goes for the nearest class at each step.
     */
    public Builder targets(int targets) {
      this.targets = atLeast(0, "targets", targets);
      return this;
    }

    /** How far beyond the linearised boundary to go, 1.05 by default. */
    public Builder eta(double eta) {
      this.eta = positive("eta", eta);
      return this;
    }

    /** The greatest weight of the step from the clean image, in (0, 1]; 0.1 by default. */
    public Builder alphaMax(double alphaMax) {
      this.alphaMax = inUnitInterval("alphaMax", alphaMax);
      return this;
    }

    /** Which share of the perturbation is kept after a success, in (0, 1]; 0.9 by default. */
    public Builder beta(double beta) {
      this.beta = inUnitInterval("beta", beta);
      return this;
    }

    /** Makes the attack; the builder may be used again. */
    public FabAttack build() {
      return new FabAttack(copy());
    }
  }
}
