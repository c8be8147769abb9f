package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import dev.fare.ThreatModel;
import dev.fare.attacks.objective.ClassificationObjective;
import dev.fare.attacks.run.AttackRun;
import dev.fare.attacks.run.BestFound;
import dev.fare.attacks.run.Found;
import dev.fare.attacks.run.Restarts;
import dev.fare.attacks.run.WrongClasses;
import dev.fare.attacks.tensor.Rows;
import dev.fare.torch.Host;
import org.jspecify.annotations.Nullable;

/**
 * APGD on the targeted difference of logits ratio, towards the most likely wrong classes one after
 * the other (Croce &amp; Hein, 2020); success is any wrong class.
 *
 * <p>The objective must be a {@link ClassificationObjective}; its own loss is not used. There are
 * never more targets than wrong classes, so that models with two or three classes work.
 */
public final class TargetedApgdAttack extends ImageAttack {

  private final Builder settings;
  private final ApgdAttack apgd;

  private TargetedApgdAttack(Builder builder) {
    super(builder);
    settings = builder;
    apgd = builder.apgd.common(builder).restarts(1).build();
  }

  /** Starts an attack of 100 steps on each of the 9 most likely wrong classes. */
  public static Builder builder(ThreatModel threatModel) {
    return new Builder(threatModel);
  }

  /** How many wrong classes it goes for at most. */
  public int targets() {
    return settings.targets;
  }

  @Override
  Found search(AttackRun run, @Nullable NDArray start) {
    WrongClasses wrong = WrongClasses.of(run, settings.targets);
    return new Restarts(wrong.count() * settings.restarts, false)
        .search(
            run,
            BestFound.ofCleanImages(run),
            (some, rows, i) -> {
              NDArray indices = Host.bring(some.manager(), rows);
              NDArray targets = Rows.take(wrong.ofRank(i / settings.restarts), indices);
              boolean isFirst = i % settings.restarts == 0;
              NDArray from = start == null || !isFirst ? null : Rows.take(start, indices);
              AttackRun towards = some.withObjective(some.classification().towards(targets));
              return apgd.attackOnce(towards, from, i);
            });
  }

  /** Settings of a {@link TargetedApgdAttack}. */
  public static final class Builder extends RestartingAttackBuilder<Builder> {

    private ApgdAttack.Builder apgd;
    private int targets = 9;

    private Builder(ThreatModel threatModel) {
      super(threatModel);
      apgd = ApgdAttack.builder(threatModel);
    }

    @Override
    Builder self() {
      return this;
    }

    @Override
    String describe() {
      return "targets=" + targets + ", restarts=" + restarts + ", apgd=" + apgd.describe();
    }

    @Override
    Builder copy() {
      Builder copy = super.copy();
      copy.apgd = apgd.copy();
      return copy;
    }

    /** How many of the most likely wrong classes to go for, at least 1; 9 by default. */
    public Builder targets(int targets) {
      this.targets = atLeast(1, "targets", targets);
      return this;
    }

    /** Steps for each target and restart, at least 1; 100 by default. */
    public Builder steps(int steps) {
      apgd.steps(steps);
      return this;
    }

    /** As {@link ApgdAttack.Builder#rho}. */
    public Builder rho(double rho) {
      apgd.rho(rho);
      return this;
    }

    /** As {@link ApgdAttack.Builder#randomStart}. */
    public Builder randomStart(boolean randomStart) {
      apgd.randomStart(randomStart);
      return this;
    }

    /** As {@link ApgdAttack.Builder#stopAtSuccess}. */
    public Builder stopAtSuccess(boolean stopAtSuccess) {
      apgd.stopAtSuccess(stopAtSuccess);
      return this;
    }

    /** As {@link ApgdAttack.Builder#useLargerEpsilons}. */
    public Builder useLargerEpsilons(boolean useLargerEpsilons) {
      apgd.useLargerEpsilons(useLargerEpsilons);
      return this;
    }

    /** As {@link ApgdAttack.Builder#eotIterations}. */
    public Builder eotIterations(int eotIterations) {
      apgd.eotIterations(eotIterations);
      return this;
    }

    /** Makes the attack; the builder may be used again. */
    public TargetedApgdAttack build() {
      return new TargetedApgdAttack(copy());
    }
  }
}
