package dev.fare.evaluation;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import dev.fare.Attack;
import dev.fare.AttackCost;
import dev.fare.AttackOptions;
import dev.fare.AttackResult;
import dev.fare.Classifier;
import dev.fare.Objective;
import dev.fare.ThreatModel;
import java.util.function.Function;

/**
 * One row of an evaluation: an attack with a name that readers of the report recognise.
 *
 * @param name short and unique within an evaluation, such as {@code APGD-CE}
 * @param settings what a reader needs to repeat it, such as {@code 100 steps, seed 0}
 * @param strategy what runs
 */
public record EvaluationAttack(String name, String settings, Strategy strategy) {

  /** Checks the name. */
  public EvaluationAttack {
    checkArgument(!name.isBlank(), "an attack needs a name");
  }

  /**
   * An attack that climbs one objective.
   *
   * <pre>{@code
   * EvaluationAttack.of("APGD-CE", "100 steps",
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
            attack
                .apply(threatModel)
                .perturb(
                    objective.create(classifier, batch.labels()),
                    batch.pixels(),
                    AttackOptions.none().withImageIds(batch.imageIds())));
  }

  /**
   * What an attack did to a batch.
   *
   * @param images in its threat model
   */
  public record Attacked(NDArray images, AttackCost cost) {}

  /**
   * Runs the attack and holds it to its threat model.
   *
   * @throws IllegalStateException if it leaves it
   */
  public Attacked run(ThreatModel threatModel, Classifier classifier, LabelledBatch batch) {
    AttackResult result = strategy.attack(threatModel, classifier, batch);
    NDArray inside = threatModel.around(batch.pixels()).admit(name, result.images());
    return new Attacked(inside, result.cost());
  }

  /** A whole attack on a classifier, for any threat model. */
  @FunctionalInterface
  public interface Strategy {

    /**
     * Attacks a batch that the classifier gets right.
     *
     * @return images inside the threat model; whether they fool the classifier is checked
     *     afterwards
     */
    AttackResult attack(ThreatModel threatModel, Classifier classifier, LabelledBatch batch);
  }

  /** What to climb on a batch, for example {@code Objectives::crossEntropy}. */
  @FunctionalInterface
  public interface ObjectiveFactory {

    /**
     * An objective for one batch.
     *
     * @param labels {@code [N]} int64
     */
    Objective create(Classifier classifier, NDArray labels);
  }
}
