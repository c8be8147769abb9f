package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import dev.fare.Attack;
import dev.fare.AttackCost;
import dev.fare.AttackResult;
import dev.fare.Objective;
import java.util.ArrayList;
import java.util.List;

/**
 * Several attacks in a row, each starting from the highest-loss images of the one before: the
 * precision schedule of Robust CLIP (a pass on the model in lower precision, which is cheap, then a
 * pass in float32 from there), or any other coarse-to-fine schedule.
 *
 * <pre>{@code
 * AttackResult result = StagedAttack.first(Objectives.crossEntropy(half, labels), apgd)
 *     .then(Objectives.crossEntropy(full, labels), apgd)
 *     .perturb(images);
 * }</pre>
 *
 * <p>What counts is what the last stage says about its own images; APGD never ends below its start.
 */
public final class StagedAttack {

  private record Stage(Objective objective, Attack attack) {}

  private final List<Stage> stages;

  private StagedAttack(List<Stage> stages) {
    this.stages = List.copyOf(stages);
  }

  /** The first stage. */
  public static StagedAttack first(Objective objective, Attack attack) {
    return new StagedAttack(List.of(new Stage(objective, attack)));
  }

  /**
   * The same and one more stage.
   *
   * @param objective about the same images, usually the same question to a more exact model
   */
  public StagedAttack then(Objective objective, Attack attack) {
    List<Stage> more = new ArrayList<>(stages);
    more.add(new Stage(objective, attack));
    return new StagedAttack(more);
  }

  /**
   * Runs all stages.
   *
   * @param pixels {@code [N,C,H,W]} float32 in [0,1]
   * @return the last stage's result, with the cost of all
   */
  public AttackResult perturb(NDArray pixels) {
    AttackResult result = stages.get(0).attack().perturb(stages.get(0).objective(), pixels);
    for (Stage stage : stages.subList(1, stages.size())) {
      AttackResult before = result;
      AttackResult next =
          stage.attack().perturb(stage.objective(), pixels, before.highestLossImages());
      AttackCost cost = before.cost().plus(next.cost());
      before.close();
      result =
          new AttackResult(
              next.images(),
              next.highestLossImages(),
              next.losses(),
              next.succeeded(),
              cost,
              next.stopReason());
    }
    return result;
  }
}
