package dev.fare.examples.report;

import dev.fare.evaluation.Accuracy;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.ModelResult;
import dev.fare.evaluation.ThreatResult;

/**
 * What an evaluation comes to, in words.
 *
 * @param headline one sentence
 * @param detail what it costs and how sure it is
 */
public record Verdict(String headline, String detail) {

  /**
   * Compares the last model of an evaluation with the first, under the largest threat model.
   *
   * <p>Where the 95 % intervals overlap, the verdict says that there is no telling them apart.
   */
  public static Verdict of(EvaluationReport evaluation) {
    ModelResult original = evaluation.models().get(0);
    ModelResult robust = evaluation.models().get(evaluation.models().size() - 1);
    if (robust.threats().isEmpty()) {
      return new Verdict(
          "%s recognises %s of the images; nothing has attacked it yet."
              .formatted(robust.model(), Numbers.percent(robust.clean())),
          "Accuracy without an attack says nothing about robustness.");
    }
    return evaluation.models().size() == 1
        ? alone(robust, evaluation)
        : compared(original, robust, evaluation);
  }

  private static Verdict alone(ModelResult model, EvaluationReport evaluation) {
    ThreatResult threat = largest(model);
    return new Verdict(
        "Under attack at ε = %s, %s still recognises %s of the images."
            .formatted(epsilon(threat), model.model(), Numbers.percent(threat.robust())),
        "Without an attack it recognises %s. Measured on %s images of %s; 95 %% interval of the robust accuracy %s %%."
            .formatted(
                Numbers.percent(model.clean()),
                evaluation.size(),
                evaluation.dataSet(),
                Numbers.range(threat.robust().interval())));
  }

  private static Verdict compared(
      ModelResult original, ModelResult robust, EvaluationReport evaluation) {
    ThreatResult threat = largest(robust);
    Accuracy before = original.under(threat.threatModel()).robust();
    Accuracy after = threat.robust();
    String headline;
    if (overlap(before, after)) {
      headline =
          "At ε = %s, %s images can't tell %s (%s) from %s (%s)."
              .formatted(
                  epsilon(threat),
                  after.total(),
                  robust.model(),
                  Numbers.percent(after),
                  original.model(),
                  Numbers.percent(before));
    } else {
      headline =
          "Under attack at ε = %s, %s still recognises %s of the images (%s: %s)."
              .formatted(
                  epsilon(threat),
                  robust.model(),
                  Numbers.percent(after),
                  original.model(),
                  Numbers.percent(before));
    }
    return new Verdict(headline, price(original, robust, evaluation));
  }

  private static String price(
      ModelResult original, ModelResult robust, EvaluationReport evaluation) {
    double kept =
        original.clean().correct() == 0 ? 0 : robust.clean().value() / original.clean().value();
    return "Without an attack it recognises %s (%s: %s), which keeps %s of the clean accuracy. Measured on %s images of %s."
        .formatted(
            Numbers.percent(robust.clean()),
            original.model(),
            Numbers.percent(original.clean()),
            Numbers.wholePercent(kept),
            evaluation.size(),
            evaluation.dataSet());
  }

  /** The largest radius of the model's first norm. */
  static ThreatResult largest(ModelResult model) {
    ThreatResult first = model.threats().get(0);
    return model.threats().stream()
        .filter(threat -> threat.threatModel().norm() == first.threatModel().norm())
        .reduce((small, large) -> large)
        .orElse(first);
  }

  private static boolean overlap(Accuracy a, Accuracy b) {
    return a.interval().low() <= b.interval().high() && b.interval().low() <= a.interval().high();
  }

  private static String epsilon(ThreatResult threat) {
    return ThreatResult.epsilonLabel(threat.threatModel());
  }
}
