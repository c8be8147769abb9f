package dev.fare.attacks;

import dev.fare.ThreatModel;

/**
 * The settings of attacks that can start more than once.
 *
 * @param <B> the attack's own builder
 */
public abstract sealed class RestartingAttackBuilder<B extends RestartingAttackBuilder<B>>
    extends AttackBuilder<B>
    permits PgdAttack.Builder,
        ApgdAttack.Builder,
        TargetedApgdAttack.Builder,
        FabAttack.Builder,
        SquareAttack.Builder {

  int restarts = 1;

  RestartingAttackBuilder(ThreatModel threatModel) {
    super(threatModel);
  }

  /**
   * How often to start, at least 1; 1 by default. Later restarts attack what has not succeeded,
   * unless the attack is asked for the highest loss. A targeted attack starts as often for each
   * target; the first start of FAB is the clean image.
   */
  public final B restarts(int restarts) {
    this.restarts = atLeast(1, "restarts", restarts);
    return self();
  }
}
