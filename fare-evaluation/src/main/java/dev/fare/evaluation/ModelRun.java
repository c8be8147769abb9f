package dev.fare.evaluation;

import ai.djl.ndarray.NDManager;
import com.google.common.primitives.Ints;
import dev.fare.AttackCost;
import dev.fare.Classifier;
import dev.fare.Norm;
import dev.fare.ThreatModel;
import dev.fare.evaluation.EvaluationAttack.Attacked;
import dev.fare.evaluation.journal.Phase;
import dev.fare.evaluation.statistics.Accuracy;
import dev.fare.evaluation.statistics.ClassAccuracy;
import dev.fare.torch.TensorScope;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** One model's way through a data set. Lives for one evaluation. */
final class ModelRun {

  private final RobustnessEvaluation evaluation;
  private final Phase.Context context;
  private final NamedClassifier model;
  private final LabelledImages reader;
  private final NDManager manager;

  ModelRun(
      RobustnessEvaluation evaluation,
      Phase.Context context,
      NamedClassifier model,
      LabelledImages reader,
      NDManager manager) {
    this.evaluation = evaluation;
    this.context = context;
    this.model = model;
    this.reader = reader;
    this.manager = manager;
  }

  ModelResult evaluate() {
    int[] clean = new int[reader.size()];
    List<Integer> all = IntStream.range(0, clean.length).boxed().toList();
    checkClasses();
    Phase cleanPhase = new Phase(context, "clean", "clean", all, clean);
    predict(cleanPhase, clean);
    Map<Norm, List<int[]>> known = new EnumMap<>(Norm.class);
    List<ThreatResult> threats = new ArrayList<>();
    for (ThreatModel threatModel : evaluation.plan().threatModels()) {
      List<int[]> predictions =
          known.computeIfAbsent(threatModel.norm(), norm -> startOfNorm(clean));
      threats.add(threat(threatModel, predictions));
    }
    return new ModelResult(
        model.name(),
        accuracy(List.of(clean)),
        byClass(List.of(clean)),
        Ints.asList(clean),
        threats,
        cleanPhase.seconds());
  }

  /** Predictions an attack at a time; all attacks of a cascade write into the same ones. */
  private List<int[]> startOfNorm(int[] clean) {
    int[] shared = clean.clone();
    return evaluation.attacks().stream()
        .map(attack -> evaluation.cascade() ? shared : clean.clone())
        .toList();
  }

  private void predict(Phase phase, int[] predictions) {
    forEachBatch(
        phase,
        (images, scope) -> {
          LabelledBatch batch = reader.read(images, scope.manager());
          float[][] logits = Logits.of(model.classifier(), batch.pixels());
          checkLabels(batch, logits[0].length);
          store(logits, images, predictions);
          return AttackCost.NONE;
        });
  }

  /** A journal of an earlier version has no digests: does it speak of classes that there are? */
  private void checkClasses() {
    int highest = context.journal().highestClass(context.data(), context.model());
    if (highest >= reader.classNames()) {
      try (TensorScope scope = TensorScope.of(manager)) {
        LabelledBatch first = reader.read(List.of(0), scope.manager());
        int classes = Logits.of(model.classifier(), first.pixels())[0].length;
        if (highest >= classes) {
          throw context.journal().damaged("there is no class " + highest);
        }
      }
    }
  }

  /** What is done to the images of a batch; says what it costs. */
  private interface BatchWork {
    AttackCost apply(List<Integer> images, TensorScope scope);
  }

  private void forEachBatch(Phase phase, BatchWork work) {
    evaluation
        .plan()
        .workers()
        .map(
            phase.batches(evaluation.plan().batchSize()),
            images -> {
              try (TensorScope scope = TensorScope.of(manager)) {
                return work.apply(images, scope);
              }
            },
            phase::finish);
  }

  private void checkLabels(LabelledBatch batch, int classes) {
    for (long id : batch.imageIds()) {
      int label = reader.label((int) id);
      if (label < 0 || label >= classes) {
        throw new IllegalArgumentException(
            "image %s has label %s, but model %s has %s classes, 0 to %s"
                .formatted(id, label, model.name(), classes, classes - 1));
      }
    }
  }

  private static void store(float[][] logits, List<Integer> images, int[] predictions) {
    for (int row = 0; row < logits.length; row++) {
      predictions[images.get(row)] = Classifier.decision(logits[row]);
    }
  }

  /**
   * All attacks under one threat model.
   *
   * @param known what each attack has got so far, at smaller radii; updated
   */
  private ThreatResult threat(ThreatModel threatModel, List<int[]> known) {
    List<AttackOutcome> outcomes = new ArrayList<>();
    for (int i = 0; i < known.size(); i++) {
      outcomes.add(attack(evaluation.attacks().get(i), threatModel, known.get(i)));
    }
    return new ThreatResult(threatModel, accuracy(known), byClass(known), outcomes);
  }

  private AttackOutcome attack(
      EvaluationAttack attack, ThreatModel threatModel, int[] predictions) {
    List<Integer> right =
        IntStream.range(0, predictions.length)
            .filter(image -> predictions[image] == reader.label(image))
            .boxed()
            .toList();
    String name = attack.name() + " at " + threatModel.label();
    Phase phase = new Phase(context, name, attack.name() + " " + threatModel, right, predictions);
    forEachBatch(
        phase,
        (images, scope) -> {
          LabelledBatch batch = reader.read(images, scope.manager());
          Attacked found = attack.run(threatModel, model.classifier(), batch);
          store(Logits.of(model.classifier(), found.images()), images, predictions);
          return found.cost();
        });
    return new AttackOutcome(
        attack.name(),
        accuracy(List.of(predictions)),
        right.size(),
        Ints.asList(predictions),
        phase.cost(),
        phase.seconds());
  }

  private boolean isRight(int image, List<int[]> predictions) {
    return predictions.stream().allMatch(each -> each[image] == reader.label(image));
  }

  private Accuracy accuracy(List<int[]> predictions) {
    long right =
        IntStream.range(0, reader.size()).filter(image -> isRight(image, predictions)).count();
    return new Accuracy((int) right, reader.size());
  }

  private List<ClassAccuracy> byClass(List<int[]> predictions) {
    Map<Integer, int[]> counts = new TreeMap<>(); // label -> right, all
    for (int image = 0; image < reader.size(); image++) {
      int[] count = counts.computeIfAbsent(reader.label(image), label -> new int[2]);
      count[0] += isRight(image, predictions) ? 1 : 0;
      count[1]++;
    }
    List<ClassAccuracy> classes = new ArrayList<>();
    counts.forEach(
        (label, count) -> classes.add(new ClassAccuracy(label, new Accuracy(count[0], count[1]))));
    return classes;
  }
}
