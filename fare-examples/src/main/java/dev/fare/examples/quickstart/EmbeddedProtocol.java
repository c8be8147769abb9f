package dev.fare.examples.quickstart;

import dev.fare.Classifier;
import dev.fare.evaluation.EvaluationAttack;
import dev.fare.evaluation.EvaluationAttacks;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.ModelResult;
import dev.fare.evaluation.RobustnessEvaluation;
import dev.fare.evaluation.ThreatResult;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiDataset;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * How robust accuracy is measured on the embedded data: APGD on the cross-entropy in l∞ balls of
 * 2/255 and 4/255, on both test sets.
 *
 * @param data the embedded data
 * @param imageSize of the models
 * @param images pictures of each test set that are attacked
 * @param steps of the attack
 * @param seed of the attack's draws
 */
public record EmbeddedProtocol(EmojiData data, int imageSize, int images, int steps, long seed) {

  /** The attack's name in reports. */
  public static final String ATTACK = "APGD-CE";

  private static final double[] RADII = {2 / 255.0, 4 / 255.0};

  /**
   * Measures a model.
   *
   * @return the reports on set A and set B
   */
  public List<EvaluationReport> evaluate(String model, Classifier classifier) {
    RobustnessEvaluation evaluation =
        RobustnessEvaluation.builder(imageSize)
            .model(model, classifier)
            .attack(attack())
            .linf(RADII)
            .batchSize(48)
            .build();
    return List.of(
        evaluation.evaluate("Set A", EmojiDataset.testSetA(data, images)),
        evaluation.evaluate("Set B", EmojiDataset.testSetB(data, images)));
  }

  /** The attack that measures. */
  public EvaluationAttack attack() {
    return EvaluationAttacks.apgdCrossEntropy(steps, 1, seed);
  }

  /** A comparison as people read it in a terminal. */
  public static String table(List<EvaluationReport> reports) {
    StringBuilder table = new StringBuilder("zero-shot top-1        clean");
    List<ThreatResult> threats = reports.get(0).models().get(0).threats();
    threats.stream()
        .sorted(Comparator.comparingDouble(threat -> threat.threatModel().epsilon()))
        .forEach(threat -> table.append(String.format("%12s", threat.label())));
    for (EvaluationReport report : reports) {
      for (ModelResult model : report.models()) {
        table.append(
            String.format(
                "%n%-8s %-10s %8s",
                report.dataSet(), model.model(), percent(model.clean().value())));
        model
            .threats()
            .forEach(
                threat -> table.append(String.format("%12s", percent(threat.robust().value()))));
      }
    }
    return table.toString();
  }

  /** A share as {@code 93.8 %}. */
  public static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }
}
