package dev.fare.attacks;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import dev.fare.Ball;
import dev.fare.Norm;
import dev.fare.ThreatModel;
import dev.fare.attacks.apgd.ApgdCheckpoints;
import dev.fare.attacks.apgd.ApgdSearch;
import dev.fare.attacks.run.AttackRun;
import dev.fare.attacks.run.BestFound;
import dev.fare.attacks.run.Found;
import dev.fare.attacks.run.Restarts;
import dev.fare.attacks.tensor.Rows;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import org.jspecify.annotations.Nullable;

/**
 * Auto-PGD (Croce &amp; Hein, 2020; for l1 Croce &amp; Hein, 2021): projected gradient ascent that
 * finds its step sizes by itself, the strongest published first-order attack.
 *
 * <p>A restart costs {@code steps + 1} forward and {@code steps} backward passes. With several
 * restarts, each attacks only images that have not succeeded, as they are or by one before, unless
 * {@link Builder#bestLoss} asks for the highest loss of all restarts; what they need not attack
 * leaves the batch where the objective is a {@code SelectableObjective}.
 */
public final class ApgdAttack extends ImageAttack {

  private final Builder settings;

  private ApgdAttack(Builder builder) {
    super(builder);
    settings = builder;
  }

  /** Starts an attack of 100 steps from one random start, as in AutoAttack. */
  public static Builder builder(ThreatModel threatModel) {
    return new Builder(threatModel);
  }

  /** How many steps a restart has. */
  public int steps() {
    return settings.steps;
  }

  @Override
  Found search(AttackRun run, @Nullable NDArray start) {
    // a single run attacks every image; of several, none attacks what is won before
    boolean looksFirst = settings.restarts > 1 && !settings.bestLoss;
    return new Restarts(settings.restarts, settings.bestLoss)
        .search(
            run,
            looksFirst ? BestFound.ofCleanImages(run) : BestFound.none(run),
            (some, rows, restart) -> {
              NDArray from =
                  start == null || restart > 0
                      ? null
                      : Rows.take(start, Host.bring(some.manager(), rows));
              return attackOnce(some, from, restart);
            });
  }

  Found attackOnce(AttackRun run, @Nullable NDArray start, int restart) {
    if (settings.useLargerEpsilons) {
      return attackWithShrinkingBall(run, start, restart);
    }
    NDArray from = start == null ? ownStart(run, restart) : start;
    return single(
        run, settings.steps, from, start != null && settings.sparsityOfStart, true, restart);
  }

  private Found single(
      AttackRun run, int steps, NDArray from, boolean isGiven, boolean isFinal, int restart) {
    double stepSize =
        settings.initialStepSize > 0
            ? settings.initialStepSize
            : run.ball().threatModel().epsilon() * (threatModel().norm() == Norm.L1 ? 1 : 2);
    ApgdSearch.Settings once =
        new ApgdSearch.Settings(
            steps,
            settings.rho,
            stepSize,
            settings.initialSparsity,
            settings.eotIterations,
            settings.checkpoints,
            settings.stopAtSuccess && isFinal);
    return new ApgdSearch(run, once, from, isGiven, restart, listener()).search();
  }

  /**
   * Three tenths of the steps at 3 epsilon, three at 2 epsilon, the rest at epsilon (which is none
   * for one or two steps); only what the last part finds counts.
   */
  private Found attackWithShrinkingBall(AttackRun run, @Nullable NDArray start, int restart) {
    int part = (int) Math.ceil(0.3 * settings.steps);
    NDArray from = start;
    for (int times = 3; times > 1; times--) {
      double epsilon = times * run.ball().threatModel().epsilon();
      boolean isAll = threatModel().norm() == Norm.LINF && epsilon > 1;
      AttackRun larger = run.withEpsilon(isAll ? 1 : epsilon);
      NDArray inside = projected(larger, from == null ? ownStart(larger, restart) : from);
      from = single(larger, part, inside, true, false, restart).highestLossImages();
    }
    NDArray inside = projected(run, requireNonNull(from));
    return single(run, Math.max(settings.steps - 2 * part, 0), inside, true, true, restart);
  }

  private static NDArray projected(AttackRun run, NDArray images) {
    try (TensorScope scope = TensorScope.of(run.manager())) {
      return scope.keep(run.ball().project(images), run.manager());
    }
  }

  private NDArray ownStart(AttackRun run, int restart) {
    NDArray center = run.ball().center();
    if (!settings.randomStart) {
      return center;
    }
    try (TensorScope scope = TensorScope.of(run.manager())) {
      NDArray draw =
          threatModel().norm() == Norm.LINF
              ? run.random().uniform(center, "apgd start", restart)
              : run.random().gaussian(center, "apgd start", restart);
      return scope.keep(randomStart(run.ball(), draw), run.manager());
    }
  }

  /**
   * A start from a draw, as in the original: on the sphere for l∞ and l2, the nearest allowed image
   * for l1.
   *
   * @param draw in the shape of the images: uniform in [-1,1] for l∞, else standard normal
   */
  public static NDArray randomStart(Ball ball, NDArray draw) {
    ThreatModel threatModel = ball.threatModel();
    NDArray center = ball.center();
    if (threatModel.norm() == Norm.L1) {
      return ball.projectChange(draw);
    }
    return center.add(threatModel.atLength(draw, 1e-12, threatModel.epsilon()));
  }

  /** Settings of an {@link ApgdAttack}. */
  public static final class Builder extends RestartingAttackBuilder<Builder> {

    private int steps = 100;
    private double initialStepSize;
    private double initialSparsity = 0.2;
    private double rho = 0.75;
    private boolean randomStart = true;
    private boolean bestLoss;
    private boolean stopAtSuccess;
    private boolean useLargerEpsilons;
    private boolean sparsityOfStart = true;
    private ApgdCheckpoints.Shares checkpoints = ApgdCheckpoints.PUBLISHED;
    private int eotIterations = 1;

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
          + ", initialStepSize="
          + initialStepSize
          + ", initialSparsity="
          + initialSparsity
          + ", rho="
          + rho
          + ", randomStart="
          + randomStart
          + ", bestLoss="
          + bestLoss
          + ", stopAtSuccess="
          + stopAtSuccess
          + ", useLargerEpsilons="
          + useLargerEpsilons
          + ", eotIterations="
          + eotIterations
          // what earlier versions did not have is said where it is not as it was then
          + (sparsityOfStart ? "" : ", sparsityOfStart=false")
          + (checkpoints.equals(ApgdCheckpoints.PUBLISHED) ? "" : ", checkpoints=" + checkpoints);
    }

    /** Steps of each restart, at least 1; 100 by default. */
    public Builder steps(int steps) {
      this.steps = atLeast(1, "steps", steps);
      return this;
    }

    /** The first step size in pixel space; by default 2 epsilon, for l1 epsilon. */
    public Builder initialStepSize(double initialStepSize) {
      this.initialStepSize = positive("initialStepSize", initialStepSize);
      return this;
    }

    /**
     * Which share of the coordinates the first steps move in l1, in (0, 1]; 0.2 by default. A given
     * start sets it instead, see {@link #sparsityOfStart}.
     */
    public Builder initialSparsity(double initialSparsity) {
      this.initialSparsity = inUnitInterval("initialSparsity", initialSparsity);
      return this;
    }

    /**
     * Whether the number of coordinates that a given start changes sets the sparsity of l1's first
     * steps, the default; otherwise a given start counts like one that the attack drew.
     */
    public Builder sparsityOfStart(boolean sparsityOfStart) {
      this.sparsityOfStart = sparsityOfStart;
      return this;
    }

    /**
     * When progress is checked in l∞ and l2, as shares of the steps, each in (0, 1].
     *
     * @param first before the first checkpoint, 0.22 as published
     * @param shrink by how much each window is shorter than the one before, 0.03 as published
     * @param least between checkpoints at the end, 0.06 as published
     */
    public Builder checkpoints(double first, double shrink, double least) {
      checkpoints =
          new ApgdCheckpoints.Shares(
              inUnitInterval("first", first),
              inUnitInterval("shrink", shrink),
              inUnitInterval("least", least));
      return this;
    }

    /** The share of rises up to which a step size is halved, in (0, 1]; 0.75 by default. */
    public Builder rho(double rho) {
      this.rho = inUnitInterval("rho", rho);
      return this;
    }

    /** Whether to start from a random point, the default, or from the clean image. */
    public Builder randomStart(boolean randomStart) {
      this.randomStart = randomStart;
      return this;
    }

    /**
     * Whether every restart attacks every image, for the highest loss; by default an image that has
     * succeeded is left alone.
     */
    public Builder bestLoss(boolean bestLoss) {
      this.bestLoss = bestLoss;
      return this;
    }

    /**
     * Whether an image is finished with its first success: it then leaves the batch, the result
     * holds that first success, and losses are those up to it. By default a restart goes on to its
     * end and returns the last success, as the original does.
     */
    public Builder stopAtSuccess(boolean stopAtSuccess) {
      this.stopAtSuccess = stopAtSuccess;
      return this;
    }

    /**
     * Whether to spend three tenths of the steps in a ball of three times the radius and three in
     * one of twice; it helps much in l1.
     */
    public Builder useLargerEpsilons(boolean useLargerEpsilons) {
      this.useLargerEpsilons = useLargerEpsilons;
      return this;
    }

    /**
     * How many forward and backward passes make a gradient, at least 1; more than one for models
     * that draw random numbers (expectation over transformations).
     */
    public Builder eotIterations(int eotIterations) {
      this.eotIterations = atLeast(1, "eotIterations", eotIterations);
      return this;
    }

    /**
     * Makes the attack; the builder may be used again.
     *
     * @throws IllegalArgumentException if stopping at success is asked for together with the best
     *     loss
     */
    public ApgdAttack build() {
      if (stopAtSuccess && bestLoss) {
        throw new IllegalArgumentException(
            "stopAtSuccess and bestLoss exclude each other: choose the first success or the highest"
                + " loss");
      }
      return new ApgdAttack(copy());
    }
  }
}
