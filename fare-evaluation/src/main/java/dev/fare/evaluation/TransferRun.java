package dev.fare.evaluation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.Classifier;
import dev.fare.ThreatModel;
import dev.fare.evaluation.statistics.Accuracy;
import dev.fare.torch.TensorScope;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Attacks all images on one model and counts what each model still gets right. */
final class TransferRun {

  private final RobustnessEvaluation evaluation;
  private final EvaluationAttack attack;
  private final ThreatModel threatModel;
  private final LabelledImages reader;
  private final NDManager manager;

  TransferRun(
      RobustnessEvaluation evaluation,
      EvaluationAttack attack,
      ThreatModel threatModel,
      LabelledImages reader,
      NDManager manager) {
    this.evaluation = evaluation;
    this.attack = attack;
    this.threatModel = threatModel;
    this.reader = reader;
    this.manager = manager;
  }

  /** The row of one model: images made against it, shown to all. */
  List<Accuracy> row(String dataSet, NamedClassifier madeAgainst) {
    int[] right = new int[evaluation.models().size()];
    AtomicInteger done = new AtomicInteger();
    int own = evaluation.models().indexOf(madeAgainst);
    String phase = attack.name() + " at " + threatModel.label() + ", transferred";
    evaluation
        .plan()
        .workers()
        .map(
            reader.batches(evaluation.plan().batchSize()),
            images -> rightByModel(images, madeAgainst),
            (images, counts) -> {
              Arrays.setAll(right, i -> right[i] + counts[i]);
              int finished = done.addAndGet(images.size());
              evaluation
                  .plan()
                  .listener()
                  .progressed(
                      new EvaluationProgress(
                          dataSet, madeAgainst.name(), phase, finished, reader.size(), right[own]));
            });
    return Arrays.stream(right).mapToObj(count -> new Accuracy(count, reader.size())).toList();
  }

  private int[] rightByModel(List<Integer> images, NamedClassifier madeAgainst) {
    try (TensorScope scope = TensorScope.of(manager)) {
      LabelledBatch batch = reader.read(images, scope.manager());
      NDArray found = attack.run(threatModel, madeAgainst.classifier(), batch).images();
      return evaluation.models().stream().mapToInt(model -> right(model, found, images)).toArray();
    }
  }

  private int right(NamedClassifier model, NDArray pixels, List<Integer> images) {
    float[][] logits = Logits.of(model.classifier(), pixels);
    int right = 0;
    for (int row = 0; row < logits.length; row++) {
      right += Classifier.decision(logits[row]) == reader.label(images.get(row)) ? 1 : 0;
    }
    return right;
  }
}
