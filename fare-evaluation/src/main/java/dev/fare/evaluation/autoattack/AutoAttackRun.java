package dev.fare.evaluation.autoattack;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import com.google.common.collect.Lists;
import com.google.common.primitives.Ints;
import com.google.common.primitives.Longs;
import dev.fare.AttackControl;
import dev.fare.AttackCost;
import dev.fare.AttackOptions;
import dev.fare.AttackResult;
import dev.fare.AttackResult.StopReason;
import dev.fare.Classifier;
import dev.fare.ThreatModel;
import dev.fare.attacks.AutoAttack;
import dev.fare.attacks.AutoAttack.Part;
import dev.fare.attacks.SquareAttack;
import dev.fare.attacks.objective.ClassificationObjective;
import dev.fare.evaluation.autoattack.AutoAttackReport.Outcome;
import dev.fare.evaluation.autoattack.AutoAttackReport.Row;
import dev.fare.evaluation.journal.EvaluationJournal;
import dev.fare.evaluation.journal.FoundImages;
import dev.fare.evaluation.journal.Phase;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One evaluation: a phase for each attack, on the images that are still robust. */
final class AutoAttackRun {

  private static final Logger log = LoggerFactory.getLogger(AutoAttackRun.class);

  /** What the original allows a black-box attack to find after the others. */
  private static final double SQUARE_MARGIN = 0.002;

  private final AutoAttack attack;
  private final int batchSize;
  private final AttackControl control;
  private final @Nullable Path directory;
  private final ClassificationObjective objective;
  private final NDArray images;
  private final long[] imageIds;
  private final NDManager manager;
  private final Phase.Context context;
  private final int[] labels;
  private final int[] predictions;
  private final String[] fooledBy;
  private final @Nullable NDArray[] found; // [1,C,H,W] where an attack has succeeded, else null
  private final List<AutoAttackWarning> warnings = new ArrayList<>();
  private final long startNanos = System.nanoTime();
  private long forwards;
  private Optional<StopReason> stopReason = Optional.empty();

  /**
   * Prepares a run.
   *
   * @param identity of the images, labels and attacks
   * @param manager of everything that lives as long as the run
   */
  AutoAttackRun(
      AutoAttackEvaluation evaluation,
      ClassificationObjective objective,
      NDArray images,
      long[] imageIds,
      String identity,
      EvaluationJournal journal,
      NDManager manager) {
    attack = evaluation.attack();
    batchSize = evaluation.batchSize();
    control = evaluation.control();
    directory = evaluation.stateDirectory();
    this.objective = objective;
    this.images = images;
    this.imageIds = imageIds;
    this.manager = manager;
    labels = Arrays.stream(Host.longs(objective.labels())).mapToInt(Math::toIntExact).toArray();
    predictions = new int[labels.length];
    fooledBy = new String[labels.length];
    Arrays.fill(fooledBy, "");
    found = new NDArray[labels.length];
    context =
        new Phase.Context(
            identity, "classifier", Ints.asList(labels), journal, (phase, done, all, right) -> {});
  }

  AutoAttackReport run() throws IOException {
    clean();
    int classes = check();
    if (directory != null) {
      EarlierState.read(directory, context, attack, predictions, this::verified);
    }
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < attack.parts().size() && stopReason.isEmpty(); i++) {
      Part part = attack.parts().get(i);
      if (classes >= part.leastClasses()) {
        rows.add(row(i, part, rows.isEmpty()));
      }
    }
    return new AutoAttackReport(
        attack.threatModel(),
        worstImages(),
        outcomes(),
        rows,
        warnings,
        stopReason.orElse(StopReason.COMPLETED));
  }

  /** Clean decisions are made anew: they tell whether the model is the one of the journal. */
  private void clean() {
    List<Integer> all = IntStream.range(0, labels.length).boxed().toList();
    for (List<Integer> batch : Lists.partition(all, batchSize)) {
      try (TensorScope scope = TensorScope.of(manager)) {
        NDArray rows = rows(batch, scope);
        predict(objective.select(rows), pixels(rows), batch);
      }
    }
    forwards += labels.length;
    int[] known = predictions.clone();
    Phase phase = new Phase(context, "clean", "clean", all, known);
    for (int image = 0; image < labels.length; image++) {
      if ((known[image] == labels[image]) != isRight(image)) {
        throw new IllegalStateException(
            directory
                + " belongs to another model, which classifies the clean images differently; use"
                + " another directory");
      }
    }
    System.arraycopy(known, 0, predictions, 0, known.length);
    phase.batches(labels.length).forEach(batch -> phase.finish(batch, AttackCost.NONE));
  }

  private NDArray rows(List<Integer> batch, TensorScope scope) {
    return scope.manager().create(Longs.toArray(batch));
  }

  private NDArray pixels(NDArray rows) {
    return images.get(rows.getManager(), new NDIndex("{}", rows));
  }

  private void predict(ClassificationObjective some, NDArray pixels, List<Integer> batch) {
    int[] classes = Classifier.decisions(some.forward(pixels));
    for (int row = 0; row < classes.length; row++) {
      predictions[batch.get(row)] = classes[row];
    }
  }

  private boolean isRight(int image) {
    return predictions[image] == labels[image];
  }

  /** Looks at the model as the original does; returns the number of classes. */
  private int check() {
    try (TensorScope scope = TensorScope.of(manager)) {
      int count = Math.min(batchSize, labels.length);
      NDArray rows = rows(IntStream.range(0, count).boxed().toList(), scope);
      ModelChecks checks = new ModelChecks(objective.select(rows), pixels(rows));
      if (!attack.expectsRandomModel()) {
        checks.randomness().ifPresent(warnings::add);
      }
      checks.probabilities().ifPresent(warnings::add);
      forwards += checks.forwards();
      attack.parts().forEach(part -> checks.classes(part).ifPresent(warnings::add));
      return checks.classes();
    }
  }

  private Row row(int index, Part part, boolean isFirst) {
    List<Integer> robust = IntStream.range(0, labels.length).filter(this::isRight).boxed().toList();
    Phase phase = new Phase(context, part.name(), key(index, part), robust, predictions);
    phase.found().forEach((image, checksum) -> restore(image, checksum));
    for (List<Integer> batch : phase.batches(batchSize)) {
      if (stopReason.isEmpty()) {
        stopReason = control.check(System.nanoTime() - startNanos, forwards);
      }
      if (stopReason.isEmpty()) {
        attack(part, batch, phase);
      }
    }
    int fooled = 0;
    for (int image : robust) {
      if (!isRight(image)) {
        fooledBy[image] = part.name();
        fooled++;
      }
    }
    double share = (double) IntStream.range(0, labels.length).filter(this::isRight).count();
    Row row =
        new Row(
            part.name(),
            phase.size(),
            fooled,
            share / labels.length,
            phase.cost(),
            phase.seconds());
    log.info("{}: robust accuracy {}", part.name(), row.robustAccuracy());
    warn(part, row, isFirst);
    return row;
  }

  static String key(int index, Part part) {
    return index + " " + part.name();
  }

  private void restore(int image, String checksum) {
    if (!isRight(image)) {
      found[image] = verified(image, checksum);
    }
  }

  /** What is read from disk must be an image that an attack may have found. */
  private NDArray verified(int image, String checksum) {
    FoundImages files = new FoundImages(requireNonNull(directory));
    Shape all = images.getShape();
    NDArray one = files.read(image, checksum, all.slice(1), manager);
    try (TensorScope scope = TensorScope.of(manager)) {
      NDArray rows = rows(List.of(image), scope);
      if (!Host.booleans(attack.threatModel().around(pixels(rows)).contains(one).all())[0]) {
        throw files.damaged(image, "holds no image of the ball");
      }
      ClassificationObjective some = objective.select(rows);
      if (Classifier.decisions(some.forward(one))[0] == labels[image]) {
        throw files.damaged(image, "holds an image that fools nobody");
      }
    }
    return one;
  }

  private void attack(Part part, List<Integer> batch, Phase phase) {
    try (TensorScope scope = TensorScope.of(manager)) {
      NDArray rows = rows(batch, scope);
      ClassificationObjective some = objective.select(rows);
      NDArray pixels = pixels(rows);
      AttackOptions options =
          AttackOptions.none()
              .withImageIds(batch.stream().mapToLong(image -> imageIds[image]).toArray())
              .withControl(control.remaining(System.nanoTime() - startNanos, forwards));
      AttackResult result = part.attack().perturb(some.withLoss(part.loss()), pixels, options);
      ThreatModel allowed = attack.threatModel();
      NDArray inside = allowed.around(pixels).admit(part.name(), result.images());
      forwards += result.cost().forwards() + batch.size();
      predict(some, inside, batch);
      boolean isWhole = result.stopReason() == StopReason.COMPLETED;
      if (!isWhole) {
        stopReason = Optional.of(result.stopReason());
      }
      Map<Integer, String> checksums = new HashMap<>();
      for (int row = 0; row < batch.size(); row++) {
        int image = batch.get(row);
        if (!isRight(image)) {
          NDArray one = scope.keep(inside.get(row + ":" + (row + 1)).duplicate(), manager);
          found[image] = one;
          if (directory != null) {
            checksums.put(image, new FoundImages(directory).write(image, one));
          }
        }
      }
      // what an attack that was stopped did not fool is attacked again
      List<Integer> finished = batch.stream().filter(image -> isWhole || !isRight(image)).toList();
      phase.finish(finished, result.cost(), checksums);
    }
  }

  private void warn(Part part, Row row, boolean isFirst) {
    AttackCost cost = row.cost();
    if (cost.nonFiniteGradients() > 0) {
      warnings.add(
          new AutoAttackWarning.NonFiniteGradients(part.name(), cost.nonFiniteGradients()));
    }
    if (cost.zeroStartGradients() > 0) {
      warnings.add(new AutoAttackWarning.ZeroGradients(part.name(), cost.zeroStartGradients()));
    }
    double drop = (double) row.succeeded() / labels.length;
    if (part.attack() instanceof SquareAttack && !isFirst && drop > SQUARE_MARGIN) {
      warnings.add(new AutoAttackWarning.BlackBoxWins(drop));
    }
  }

  private NDArray worstImages() {
    NDArray worst = images.duplicate();
    for (int image = 0; image < found.length; image++) {
      if (found[image] != null) {
        worst.set(new NDIndex(image + ":" + (image + 1)), found[image]);
      }
    }
    return worst;
  }

  private List<Outcome> outcomes() {
    return IntStream.range(0, labels.length)
        .mapToObj(
            image ->
                new Outcome(
                    isRight(image) || !fooledBy[image].isEmpty(), isRight(image), fooledBy[image]))
        .toList();
  }
}
