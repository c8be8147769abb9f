package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import dev.fare.ThreatModel;
import dev.fare.attacks.pgd.PgdSearch;
import dev.fare.attacks.run.AttackRun;
import dev.fare.attacks.run.Found;
import dev.fare.attacks.run.Restarts;
import dev.fare.torch.Autograd;
import dev.fare.torch.TensorScope;
import org.jspecify.annotations.Nullable;

/**
 * Projected gradient descent with momentum (Madry et al., 2018), the inner attack of FARE.
 *
 * <p>Each step takes the objective's gradient, normalises it (sign for l∞, unit vector for l2, the
 * signs of the largest twentieth of the coordinates for l1), adds it to the momentum, normalises
 * again, steps, and projects into the ball and [0,1]. The result is the last image, as in the
 * paper's training code: an attack costs exactly {@code steps} forward and backward passes. Whether
 * that image succeeds is found out when {@code losses()} or {@code succeeded()} of the result is
 * first called, by one more forward pass of the objective, which must still be usable then.
 *
 * <p>With {@link Builder#keepBest}, {@link Builder#stopAtSuccess} or several restarts the last
 * images are evaluated at once. With one step and no momentum this is FGSM, see {@link #fgsm}.
 */
public final class PgdAttack extends ImageAttack {

  private final Builder settings;

  private PgdAttack(Builder builder) {
    super(builder);
    settings = builder;
  }

  /** Starts an attack of 10 steps with momentum 0.9 from a random point of the ball. */
  public static Builder builder(ThreatModel threatModel) {
    return new Builder(threatModel);
  }

  /**
   * The fast gradient sign method (Goodfellow et al., 2015): one step of length epsilon from the
   * clean image; in l2 along the gradient.
   */
  public static PgdAttack fgsm(ThreatModel threatModel) {
    return builder(threatModel)
        .steps(1)
        .stepSize(threatModel.epsilon())
        .momentum(0)
        .randomStart(false)
        .build();
  }

  /** How many gradients an image costs in one restart. */
  public int steps() {
    return settings.steps;
  }

  /** The length of a step, in pixel space and in the threat model's norm. */
  public double stepSize() {
    return settings.effectiveStepSize(threatModel().epsilon());
  }

  @Override
  Found search(AttackRun run, @Nullable NDArray start) {
    if (settings.restarts == 1 && !settings.keepsBest()) {
      NDArray last = single(run, start, 0).lastImages();
      return new Found(last, last, null);
    }
    return new Restarts(settings.restarts, false)
        .search(
            run,
            (some, rows, restart) -> single(some, restart == 0 ? start : null, restart).search());
  }

  private PgdSearch single(AttackRun run, @Nullable NDArray start, int restart) {
    PgdSearch.Settings once =
        new PgdSearch.Settings(
            settings.steps,
            settings.effectiveStepSize(run.ball().threatModel().epsilon()),
            settings.momentum,
            settings.keepsBest(),
            settings.stopAtSuccess);
    return new PgdSearch(
        run, once, start == null ? ownStart(run, restart) : start, restart, listener());
  }

  /**
   * A random start is used unclamped, as the paper's code does. That code draws each pixel in
   * [-epsilon, epsilon] in l2, too, which is far outside the ball; here it is in the ball.
   */
  private NDArray ownStart(AttackRun run, int restart) {
    NDArray center = run.ball().center();
    if (!settings.randomStart) {
      return center;
    }
    try (TensorScope scope = TensorScope.of(run.manager())) {
      NDArray unit = run.random().inUnitBall(threatModel().norm(), center, "pgd start", restart);
      NDArray far = Autograd.scaled(unit, run.ball().threatModel().epsilon());
      return scope.keep(far.addi(center), run.manager());
    }
  }

  /** Settings of a {@link PgdAttack}. */
  public static final class Builder extends RestartingAttackBuilder<Builder> {

    private int steps = 10;
    private double stepSize;
    private double momentum = 0.9;
    private boolean randomStart = true;
    private boolean keepBest;
    private boolean stopAtSuccess;

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
          + ", stepSize="
          + effectiveStepSize(threatModel.epsilon())
          + ", momentum="
          + momentum
          + ", randomStart="
          + randomStart
          + ", restarts="
          + restarts
          + ", keepBest="
          + keepBest
          + ", stopAtSuccess="
          + stopAtSuccess;
    }

    /** How many gradients an image costs in one restart, at least 1; 10 by default. */
    public Builder steps(int steps) {
      this.steps = atLeast(1, "steps", steps);
      return this;
    }

    /**
     * The length of a step in pixel space, for example {@code 1 / 255.0}; by default 2.5 epsilon
     * divided by the number of steps, which is 1/255 for ten steps at epsilon 4/255.
     */
    public Builder stepSize(double stepSize) {
      this.stepSize = positive("stepSize", stepSize);
      return this;
    }

    /**
     * How much of the previous direction is kept, 0.9 by default as in the paper.
     *
     * @throws IllegalArgumentException if outside [0, 1)
     */
    public Builder momentum(double momentum) {
      if (!(momentum >= 0 && momentum < 1)) {
        throw new IllegalArgumentException("momentum must be in [0, 1), got " + momentum);
      }
      this.momentum = momentum;
      return this;
    }

    /**
     * Whether to start from a uniformly drawn point of the ball, the default, or from the clean
     * image. An objective that measures the distance to the clean embedding has no gradient there,
     * or, where the reference was computed in another way than a step computes it, one of rounding
     * only, whose signs an l∞ step follows all the same.
     */
    public Builder randomStart(boolean randomStart) {
      this.randomStart = randomStart;
      return this;
    }

    /**
     * Whether every image on the way is a candidate for the result; by default only the last one.
     */
    public Builder keepBest(boolean keepBest) {
      this.keepBest = keepBest;
      return this;
    }

    /**
     * Whether an image is finished with its first success: it then leaves the batch, if the
     * objective is a {@code SelectableObjective}, and that first success is the result.
     */
    public Builder stopAtSuccess(boolean stopAtSuccess) {
      this.stopAtSuccess = stopAtSuccess;
      return this;
    }

    private boolean keepsBest() {
      return keepBest || stopAtSuccess;
    }

    private double effectiveStepSize(double epsilon) {
      return stepSize > 0 ? stepSize : 2.5 * epsilon / steps;
    }

    /** Makes the attack; the builder may be used again. */
    public PgdAttack build() {
      return new PgdAttack(copy());
    }
  }
}
