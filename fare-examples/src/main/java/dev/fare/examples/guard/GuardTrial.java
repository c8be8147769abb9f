package dev.fare.examples.guard;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.Attack;
import dev.fare.Classifier;
import dev.fare.ImageEncoder;
import dev.fare.Objective;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.Objectives;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.ImageArrays;
import dev.fare.data.ImageDataset;
import dev.fare.evaluation.guard.Detection;
import dev.fare.evaluation.guard.InputGuard;
import dev.fare.evaluation.statistics.Accuracy;
import dev.fare.evaluation.statistics.Distribution;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Attacks on an application that asks the original encoder and has a guard before it. */
final class GuardTrial {

  private static final double[] WEIGHTS = {1, 10, 100};

  /**
   * What came of one attack.
   *
   * @param detection scores of clean and of attacked images
   * @param detected attacked images above the guard's threshold
   * @param fooled images that the original got right and gets wrong now, of all that it got right
   * @param fooledUnseen the same without an alarm: what the attacker is after
   */
  record Row(
      String attack,
      Detection detection,
      Accuracy detected,
      Accuracy fooled,
      Accuracy fooledUnseen) {}

  private final InputGuard guard;
  private final ImageEncoder encoder;
  private final Classifier original;
  private final Classifier robust;
  private final ThreatModel threatModel;

  /**
   * Prepares a trial.
   *
   * @param encoder the application's, which is the guard's first one
   * @param original the application's classifier, on that encoder
   * @param robust the same on the guard's second one
   */
  GuardTrial(
      InputGuard guard,
      ImageEncoder encoder,
      Classifier original,
      Classifier robust,
      ThreatModel threatModel) {
    this.guard = guard;
    this.encoder = encoder;
    this.original = original;
    this.robust = robust;
    this.threatModel = threatModel;
  }

  /**
   * Attackers who don't know the guard, then those who do.
   *
   * @param steps of each attack
   */
  List<Row> run(ImageDataset data, int steps) throws IOException {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray pixels = ImageArrays.pixels(data, encoder.imageSize(), manager);
      NDArray labels = ImageArrays.labels(data, manager);
      Attack pgd = PgdAttack.builder(threatModel).steps(steps).keepBest(true).build();
      Attack apgd = ApgdAttack.builder(threatModel).steps(steps).build();
      Objective classes = Objectives.crossEntropy(original, labels);
      Objective place = Objectives.embeddingShift(encoder, pixels);
      Trial trial = new Trial(pixels, labels);
      List<Row> rows = new ArrayList<>();
      rows.add(trial.row("PGD, embedding of the original", pgd, place));
      rows.add(trial.row("PGD, cross-entropy of the original", pgd, classes));
      rows.add(trial.row("APGD, cross-entropy of the original", apgd, classes));
      rows.add(
          trial.row(
              "APGD, cross-entropy of the robust one",
              apgd,
              Objectives.crossEntropy(robust, labels)));
      for (double weight : WEIGHTS) {
        rows.add(
            trial.row(
                "APGD, knows the guard, weight %.0f".formatted(weight),
                apgd,
                guard.evading(classes, weight)));
      }
      rows.add(
          trial.row(
              "PGD on the embedding, knows the guard, weight %.0f".formatted(WEIGHTS[2]),
              pgd,
              guard.evading(place, WEIGHTS[2])));
      return rows;
    }
  }

  /** The images, and what is known about them before the first attack. */
  private final class Trial {
    private final NDArray pixels;
    private final NDArray labels;
    private final float[] cleanScores;
    private final boolean[] right;

    Trial(NDArray pixels, NDArray labels) {
      this.pixels = pixels;
      this.labels = labels;
      cleanScores = scores(pixels);
      right = right(pixels);
    }

    private float[] scores(NDArray images) {
      try (TensorScope scope = TensorScope.of(pixels);
          GradMode off = GradMode.noGrad()) {
        return guard.scores(scope.view(images)).toFloatArray();
      }
    }

    private boolean[] right(NDArray images) {
      try (TensorScope scope = TensorScope.of(pixels);
          GradMode off = GradMode.noGrad()) {
        return original.logits(scope.view(images)).argMax(1).eq(labels).toBooleanArray();
      }
    }

    Row row(String name, Attack attack, Objective objective) {
      try (TensorScope scope = TensorScope.of(pixels)) {
        NDArray found = attack.perturb(objective, scope.view(pixels)).images();
        float[] scores = scores(found);
        boolean[] still = right(found);
        int fooled = 0;
        int unseen = 0;
        int all = 0;
        for (int i = 0; i < still.length; i++) {
          all += right[i] ? 1 : 0;
          fooled += right[i] && !still[i] ? 1 : 0;
          unseen += right[i] && !still[i] && scores[i] <= guard.threshold() ? 1 : 0;
        }
        Detection detection = new Detection(distribution(cleanScores), distribution(scores));
        return new Row(
            name,
            detection,
            detection.detected(guard.threshold()),
            new Accuracy(fooled, all),
            new Accuracy(unseen, all));
      }
    }
  }

  private static Distribution distribution(float[] scores) {
    List<Double> values = new ArrayList<>();
    for (float score : scores) {
      values.add((double) score);
    }
    return new Distribution(values);
  }
}
