package dev.fare.evaluation;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import dev.fare.Attack;
import dev.fare.AttackResult;
import dev.fare.Objective;
import dev.fare.SeededAttack;
import dev.fare.ThreatModel;
import java.util.function.Function;

/**
 * One row of an evaluation: an attack with a name that readers of the report recognise.
 *
 * @param name short and unique within an evaluation, such as {@code APGD-CE}
 * @param settings what a reader needs to repeat it, such as {@code 100 iterations, seed 0}
 * @param strategy what runs
 */
public record EvaluationAttack(String name, String settings, AttackStrategy strategy) {

  /** Checks the name. */
  public EvaluationAttack {
    checkArgument(!name.isBlank(), "an attack needs a name");
  }

  /**
   * An attack that climbs one objective.
   *
   * <pre>{@code
   * EvaluationAttack.of("APGD-CE", "100 iterations",
   *     threatModel -> ApgdAttack.builder(threatModel).steps(100).build(), Objectives::crossEntropy)
   * }</pre>
   *
   * @param attack makes the attack for a threat model
   * @param objective makes the objective for a batch
   */
  public static EvaluationAttack of(
      String name,
      String settings,
      Function<ThreatModel, ? extends Attack> attack,
      ObjectiveFactory objective) {
    return new EvaluationAttack(
        name,
        settings,
        (threatModel, classifier, batch) ->
            perturb(
                attack.apply(threatModel),
                objective.create(classifier, batch.labels()),
                batch.pixels(),
                batch.imageIds()));
  }

  /** An image keeps its random draws whichever batch it stands in, where the attack can do that. */
  public static AttackResult perturb(
      Attack attack, Objective objective, NDArray pixels, long[] imageIds) {
    return attack instanceof SeededAttack seeded
        ? seeded.perturb(objective, pixels, imageIds)
        : attack.perturb(objective, pixels);
  }
}
