package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import dev.fare.Attack;
import dev.fare.AttackCost;
import dev.fare.AttackOptions;
import dev.fare.AttackResult;
import dev.fare.Classifier;
import dev.fare.Objective;
import dev.fare.SeededAttack;
import dev.fare.attacks.objective.ClassificationObjective;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Several attacks in a row, each starting from the highest-loss images of the one before: the
 * precision schedule of Robust CLIP (a pass on the model in lower precision, which is cheap, then a
 * pass in float32 from there), or any other coarse-to-fine schedule.
 *
 * <pre>{@code
 * AttackResult result = StagedAttack.first(on(half), apgd)
 *     .then(apgd)
 *     .perturb(Objectives.crossEntropy(full, labels), images);
 * }</pre>
 *
 * <p>The objective is about the last stage's model; earlier stages derive theirs from it. What
 * counts is what the last stage says about its own images; APGD never ends below its start.
 */
public final class StagedAttack implements SeededAttack {

  private record Stage(UnaryOperator<Objective> objective, Attack attack) {
    AttackResult perturb(Objective whole, NDArray pixels, AttackOptions options) {
      return attack.perturb(objective.apply(whole), pixels, options);
    }
  }

  private final List<Stage> stages;

  private StagedAttack(List<Stage> stages) {
    this.stages = List.copyOf(stages);
  }

  /**
   * The first stage.
   *
   * @param objective the stage's, given the objective of the whole; for a classifier {@link #on}
   */
  public static StagedAttack first(UnaryOperator<Objective> objective, Attack attack) {
    return new StagedAttack(List.of(new Stage(objective, attack)));
  }

  /**
   * The same question to another classifier.
   *
   * @throws IllegalArgumentException when an objective is no {@link ClassificationObjective}
   */
  public static UnaryOperator<Objective> on(Classifier classifier) {
    return whole -> {
      if (whole instanceof ClassificationObjective classes) {
        return classes.withClassifier(classifier);
      }
      throw new IllegalArgumentException(
          "a stage on another classifier needs a ClassificationObjective, got "
              + whole.getClass().getName());
    };
  }

  /** The same and one more stage, which climbs the objective itself. */
  public StagedAttack then(Attack attack) {
    return then(UnaryOperator.identity(), attack);
  }

  /** The same and one more stage. */
  public StagedAttack then(UnaryOperator<Objective> objective, Attack attack) {
    List<Stage> more = new ArrayList<>(stages);
    more.add(new Stage(objective, attack));
    return new StagedAttack(more);
  }

  /** Runs all stages; limits of the options are about all of them together. */
  @Override
  public AttackResult perturb(Objective objective, NDArray pixels, AttackOptions options) {
    long started = System.nanoTime();
    AttackResult result = stages.get(0).perturb(objective, pixels, options);
    AttackCost cost = result.cost();
    for (Stage stage : stages.subList(1, stages.size())) {
      AttackOptions next = options.withStart(result.highestLossImages());
      if (options.control() != null) {
        long spent = System.nanoTime() - started;
        next = next.withControl(options.control().remaining(spent, cost.forwards()));
      }
      AttackResult before = result;
      result = stage.perturb(objective, pixels, next);
      cost = cost.plus(result.cost());
      before.close();
    }
    return result.withCost(cost);
  }

  @Override
  public String toString() {
    return "StagedAttack" + stages.stream().map(Stage::attack).toList();
  }
}
