package dev.fare.evaluation.autoattack;

import ai.djl.ndarray.NDArray;
import dev.fare.attacks.AutoAttack.Part;
import dev.fare.attacks.FabAttack;
import dev.fare.attacks.TargetedApgdAttack;
import dev.fare.attacks.objective.ClassificationLoss;
import dev.fare.attacks.objective.ClassificationObjective;
import dev.fare.evaluation.autoattack.AutoAttackWarning.FewClasses;
import dev.fare.evaluation.autoattack.AutoAttackWarning.ProbabilityOutputs;
import dev.fare.evaluation.autoattack.AutoAttackWarning.RandomizedModel;
import dev.fare.torch.Host;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Looks for properties of a model that mislead attacks, with the original's thresholds. */
final class ModelChecks {

  private static final int PASSES = 5;
  private static final double RANDOM = 1e-4;
  private static final double PROBABILITY = 1e-5;
  private static final int[] CLASSES = {1};

  private final ClassificationObjective objective;
  private final NDArray pixels;
  private final NDArray logits;
  private long forwards;

  /** Runs the model once; call inside a scope. */
  ModelChecks(ClassificationObjective objective, NDArray pixels) {
    this.objective = objective;
    this.pixels = pixels;
    logits = logits();
  }

  private NDArray logits() {
    forwards += pixels.getShape().get(0);
    return objective.forward(pixels);
  }

  long forwards() {
    return forwards;
  }

  int classes() {
    return (int) logits.getShape().get(1);
  }

  Optional<AutoAttackWarning> randomness() {
    List<NDArray> passes = new ArrayList<>(List.of(unit(logits)));
    double largest = 0;
    while (passes.size() < PASSES) {
      NDArray next = unit(logits());
      for (NDArray before : passes) {
        NDArray difference = next.sub(before).square().sum(CLASSES).sqrt().max();
        largest = Math.max(largest, Host.floats(difference)[0]);
      }
      passes.add(next);
    }
    return largest > RANDOM ? Optional.of(new RandomizedModel(largest)) : Optional.empty();
  }

  private static NDArray unit(NDArray logits) {
    return logits.div(logits.square().sum(CLASSES, true).sqrt().add(1e-10));
  }

  Optional<AutoAttackWarning> probabilities() {
    boolean inRange =
        Host.floats(logits.min())[0] > -PROBABILITY
            && Host.floats(logits.max())[0] < 1 + PROBABILITY;
    double offOne = Host.floats(logits.sum(CLASSES).sub(1).abs().max())[0];
    return inRange && offOne < PROBABILITY
        ? Optional.of(new ProbabilityOutputs())
        : Optional.empty();
  }

  Optional<AutoAttackWarning> classes(Part part) {
    int targets = 0;
    boolean needsMore = part.loss() == ClassificationLoss.DLR && classes() < 3;
    if (part.attack() instanceof TargetedApgdAttack targeted) {
      targets = targeted.targets();
      needsMore = classes() < 4;
    } else if (part.attack() instanceof FabAttack fab) {
      targets = fab.targets();
    }
    int used = classes() < part.leastClasses() ? 0 : Math.min(targets, classes() - 1);
    return needsMore || used < targets
        ? Optional.of(new FewClasses(part.name(), classes(), targets, used))
        : Optional.empty();
  }
}
