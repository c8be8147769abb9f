package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import dev.fare.Norm;
import dev.fare.ThreatModel;
import dev.fare.torch.TensorScope;
import org.jspecify.annotations.Nullable;

/**
 * Projected gradient descent with momentum (Madry et al., 2018), the inner attack of FARE.
 *
 * <p>Each step takes the objective's gradient, normalises it (sign for l∞, unit vector for l2, the
 * sign of the largest coordinates for l1), adds it to the momentum, normalises again, steps, and
 * projects into the ball and [0,1]. The result is the last image, as in the paper's training code:
 * an attack costs exactly {@code steps} forward and backward passes. Whether that image succeeds is
 * found out when {@code losses()} or {@code succeeded()} of the result is first called, by one more
 * forward pass of the objective, which must still be usable then.
 *
 * <p>With one step and no momentum this is FGSM.
 */
public final class PgdAttack extends ImageAttack {

  private final int steps;
  private final double stepSize;
  private final double momentum;
  private final boolean randomStart;

  private PgdAttack(Builder builder, long seed) {
    super(builder.threatModel, seed);
    steps = builder.steps;
    stepSize = builder.effectiveStepSize();
    momentum = builder.momentum;
    randomStart = builder.randomStart;
  }

  /** Starts an attack of 10 steps with momentum 0.9 from a random point of the ball. */
  public static Builder builder(ThreatModel threatModel) {
    return new Builder(threatModel);
  }

  @Override
  public PgdAttack withSeed(long seed) {
    return toBuilder().seed(seed).build();
  }

  private Builder toBuilder() {
    return builder(threatModel())
        .steps(steps)
        .stepSize(stepSize)
        .momentum(momentum)
        .randomStart(randomStart)
        .seed(seed());
  }

  /** How many gradients an image costs. */
  public int steps() {
    return steps;
  }

  /** The length of a step, in pixel space and in the threat model's norm. */
  public double stepSize() {
    return stepSize;
  }

  @Override
  Found search(AttackRun run, @Nullable NDArray start) {
    State state = new State(run, startImages(run, start));
    for (int i = 0; i < steps; i++) {
      state.step();
    }
    return new Found(state.images, state.images, null);
  }

  /** A random start is used unclamped, as the paper's code does. */
  private NDArray startImages(AttackRun run, @Nullable NDArray start) {
    NDArray center = run.ball().center();
    try (TensorScope scope = TensorScope.of(run.manager())) {
      NDArray images;
      if (start != null) {
        images = start.stopGradient();
      } else if (randomStart) {
        Norm norm = threatModel().norm();
        NDArray unit = run.random().inUnitBall(norm, center, "pgd start", 0);
        images = center.add(unit.mul(threatModel().epsilon()));
      } else {
        images = center.stopGradient();
      }
      return scope.keep(images, run.manager());
    }
  }

  /** The two arrays that live from step to step. */
  private final class State {
    private final AttackRun run;
    private NDArray images;
    private @Nullable NDArray velocity;

    State(AttackRun run, NDArray images) {
      this.run = run;
      this.images = images;
    }

    void step() {
      try (TensorScope scope = TensorScope.of(run.manager())) {
        NDArray direction = threatModel().normalize(run.gradient(images, scope).gradient());
        if (velocity != null) {
          direction = threatModel().normalize(velocity.mul(momentum).add(direction));
        }
        NDArray next = run.ball().project(images.add(direction.mul(stepSize)));
        images.close();
        images = scope.keep(next, run.manager());
        if (momentum != 0) {
          if (velocity != null) {
            velocity.close();
          }
          velocity = scope.keep(direction, run.manager());
        }
      }
    }
  }

  /** Settings of a {@link PgdAttack}. */
  public static final class Builder {

    private final ThreatModel threatModel;
    private int steps = 10;
    private double stepSize;
    private double momentum = 0.9;
    private boolean randomStart = true;
    private long seed;

    private Builder(ThreatModel threatModel) {
      this.threatModel = threatModel;
    }

    /**
     * How many gradients an image costs; 10 by default.
     *
     * @throws IllegalArgumentException if below 1
     */
    public Builder steps(int steps) {
      if (steps < 1) {
        throw new IllegalArgumentException("steps must be at least 1, got " + steps);
      }
      this.steps = steps;
      return this;
    }

    /**
     * The length of a step in pixel space, for example {@code 1 / 255.0}; by default 2.5 epsilon
     * divided by the number of steps, which is 1/255 for ten steps at epsilon 4/255.
     *
     * @throws IllegalArgumentException if not positive and finite
     */
    public Builder stepSize(double stepSize) {
      if (!(stepSize > 0) || Double.isInfinite(stepSize)) {
        throw new IllegalArgumentException(
            "stepSize must be positive and finite in pixel space, got " + stepSize);
      }
      this.stepSize = stepSize;
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
     * image. An objective that measures the distance to the clean embedding has no gradient there.
     */
    public Builder randomStart(boolean randomStart) {
      this.randomStart = randomStart;
      return this;
    }

    /** Where random starts come from; 0 by default. */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    private double effectiveStepSize() {
      return stepSize > 0 ? stepSize : 2.5 * threatModel.epsilon() / steps;
    }

    /** Makes the attack; the builder may be used again. */
    public PgdAttack build() {
      return new PgdAttack(this, seed);
    }
  }
}
