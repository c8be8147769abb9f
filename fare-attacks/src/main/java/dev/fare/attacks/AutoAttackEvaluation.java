package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.fare.AttackControl;
import dev.fare.AttackCost;
import dev.fare.AttackResult;
import dev.fare.AttackResult.StopReason;
import dev.fare.attacks.AutoAttack.Part;
import dev.fare.attacks.AutoAttackReport.Outcome;
import dev.fare.attacks.AutoAttackReport.Row;
import dev.fare.attacks.objective.ClassificationObjective;
import dev.fare.attacks.run.Candidates;
import dev.fare.attacks.tensor.Kernels;
import dev.fare.attacks.tensor.Rows;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One evaluation: attack by attack over the images that are still robust, batch by batch. */
final class AutoAttackEvaluation {

  private static final Logger log = LoggerFactory.getLogger(AutoAttackEvaluation.class);

  /** What the original allows a black-box attack to find after the others. */
  private static final double SQUARE_MARGIN = 0.002;

  private final AutoAttack attack;
  private final ClassificationObjective objective;
  private final NDArray images;
  private final long[] imageIds;
  private final EvaluationProgress progress;
  private final List<AutoAttackWarning> warnings = new ArrayList<>();
  private final long startNanos = System.nanoTime();
  private long forwards;
  private Optional<StopReason> stopReason = Optional.empty();

  AutoAttackEvaluation(
      AutoAttack attack, ClassificationObjective objective, NDArray images, long[] imageIds) {
    this.attack = attack;
    this.objective = objective;
    this.images = images;
    this.imageIds = imageIds.clone();
    if (imageIds.length != images.getShape().get(0)) {
      throw new IllegalArgumentException(
          "there must be one image id per image, got "
              + imageIds.length
              + " for "
              + images.getShape().get(0)
              + " images");
    }
    progress = new EvaluationProgress(imageIds.length, attack.stateDirectory());
  }

  AutoAttackReport run() {
    try (GradMode off = GradMode.noGrad();
        NDManager manager = images.getManager().newSubManager()) {
      NDArray adversarial = images.duplicate();
      boolean[] isCorrect = cleanDecisions();
      int classes = check();
      progress.open(Fingerprint.of(attack, images, objective.labels(), imageIds), isCorrect);
      adversarial = progress.restore(adversarial, manager);
      List<Row> rows = new ArrayList<>();
      for (int i = 0; i < attack.parts().size() && stopReason.isEmpty(); i++) {
        Part part = attack.parts().get(i);
        if (classes < part.leastClasses()) {
          continue;
        }
        adversarial = runPart(i, part, adversarial, rows, manager);
      }
      adversarial.attach(images.getManager());
      return new AutoAttackReport(
          attack.threatModel(),
          adversarial,
          outcomes(),
          rows,
          warnings,
          stopReason.orElse(StopReason.COMPLETED));
    }
  }

  private NDArray runPart(
      int index, Part part, NDArray adversarial, List<Row> rows, NDManager manager) {
    long start = System.nanoTime();
    long[] robust = progress.open(index);
    int succeeded = progress.fooledBy(index);
    int attacked = robust.length + progress.finished(index);
    AttackCost cost = AttackCost.NONE;
    NDArray current = adversarial;
    for (int from = 0; from < robust.length && mayGoOn(); from += attack.batchSize()) {
      long[] batch =
          Arrays.copyOfRange(robust, from, Math.min(from + attack.batchSize(), robust.length));
      BatchResult result = runBatch(index, part, batch, current, manager);
      current = result.adversarial();
      succeeded += result.succeeded();
      cost = cost.plus(result.cost());
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    rows.add(new Row(part.name(), attacked, succeeded, progress.robustShare(), cost, seconds));
    log.info("{}: robust accuracy {}", part.name(), progress.robustShare());
    warn(part, cost, (double) succeeded / imageIds.length, rows.size());
    return current;
  }

  private boolean mayGoOn() {
    if (stopReason.isEmpty()) {
      stopReason = attack.control().check(System.nanoTime() - startNanos, forwards);
    }
    return stopReason.isEmpty();
  }

  private record BatchResult(NDArray adversarial, int succeeded, AttackCost cost) {}

  private BatchResult runBatch(
      int index, Part part, long[] batch, NDArray adversarial, NDManager manager) {
    try (TensorScope scope = TensorScope.of(manager)) {
      NDArray indices = scope.manager().create(batch);
      ClassificationObjective some = objective.select(indices);
      NDArray pixels = Rows.take(images, indices);
      long[] ids = Arrays.stream(batch).map(row -> imageIds[(int) row]).toArray();
      AttackControl left = attack.control().remaining(System.nanoTime() - startNanos, forwards);
      AttackResult result =
          part.attack().attack(some.withLoss(part.loss()), pixels, null, ids, left);
      forwards += result.cost().forwards() + batch.length;
      NDArray fooled = some.succeeded(some.forward(result.images()));
      boolean[] isFooled = fooled.toBooleanArray();
      boolean isWhole = result.stopReason() == StopReason.COMPLETED;
      if (!isWhole) {
        stopReason = Optional.of(result.stopReason());
      }
      progress.record(index, batch, isFooled, isWhole, result.images());
      Candidates.Spread spread = Candidates.spread(batch, imageIds.length, scope);
      NDArray won = Rows.take(fooled, spread.source()).logicalAnd(spread.isFound());
      NDArray next = Kernels.choose(won, Rows.take(result.images(), spread.source()), adversarial);
      scope.keep(next, manager);
      adversarial.close();
      int succeeded = 0;
      for (boolean one : isFooled) {
        succeeded += one ? 1 : 0;
      }
      return new BatchResult(next, succeeded, result.cost());
    }
  }

  private boolean[] cleanDecisions() {
    boolean[] isCorrect = new boolean[imageIds.length];
    for (int from = 0; from < imageIds.length; from += attack.batchSize()) {
      int to = Math.min(from + attack.batchSize(), imageIds.length);
      try (TensorScope scope = TensorScope.of(images)) {
        NDArray indices = scope.manager().arange(from, to, 1, DataType.INT64);
        ClassificationObjective some = objective.select(indices);
        boolean[] wrong = some.succeeded(some.forward(Rows.take(images, indices))).toBooleanArray();
        for (int i = from; i < to; i++) {
          isCorrect[i] = !wrong[i - from];
        }
      }
    }
    forwards += imageIds.length;
    return isCorrect;
  }

  /** Looks at the model as the original does; returns the number of classes. */
  private int check() {
    int count = Math.min(attack.batchSize(), imageIds.length);
    try (TensorScope scope = TensorScope.of(images)) {
      NDArray indices = scope.manager().arange(0, count, 1, DataType.INT64);
      ModelChecks checks = new ModelChecks(objective.select(indices), Rows.take(images, indices));
      if (!attack.expectsRandomModel()) {
        checks.randomness().ifPresent(warnings::add);
      }
      checks.probabilities().ifPresent(warnings::add);
      forwards += checks.forwards();
      for (Part part : attack.parts()) {
        checks.classes(part).ifPresent(warnings::add);
      }
      return checks.classes();
    }
  }

  private void warn(Part part, AttackCost cost, double drop, int rowsSoFar) {
    if (cost.nonFiniteGradients() > 0) {
      warnings.add(
          new AutoAttackWarning.NonFiniteGradients(part.name(), cost.nonFiniteGradients()));
    }
    if (cost.zeroStartGradients() > 0) {
      warnings.add(new AutoAttackWarning.ZeroGradients(part.name(), cost.zeroStartGradients()));
    }
    if (part.attack() instanceof SquareAttack && rowsSoFar > 1 && drop > SQUARE_MARGIN) {
      warnings.add(new AutoAttackWarning.BlackBoxWins(drop));
    }
  }

  private List<Outcome> outcomes() {
    List<Outcome> outcomes = new ArrayList<>();
    for (int i = 0; i < imageIds.length; i++) {
      int fooledBy = progress.fooledByPart(i);
      String name = fooledBy < 0 ? "" : attack.parts().get(fooledBy).name();
      outcomes.add(new Outcome(progress.isCorrect(i), progress.isRobust(i), name));
    }
    return outcomes;
  }
}
