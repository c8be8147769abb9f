package dev.fare.evaluation.report;

import dev.fare.Norm;
import dev.fare.ThreatModel;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.ModelResult;
import dev.fare.evaluation.ThreatResult;
import dev.fare.evaluation.drift.Drift;
import dev.fare.evaluation.drift.DriftReport;
import dev.fare.evaluation.drift.EncoderDrift;
import dev.fare.evaluation.drift.ThreatDrift;
import dev.fare.evaluation.retrieval.Recall;
import dev.fare.evaluation.retrieval.RetrievalReport;
import dev.fare.evaluation.retrieval.RetrievalResult;
import dev.fare.evaluation.statistics.Accuracy;
import java.util.Comparator;
import java.util.Locale;

/**
 * What an evaluation comes to, in words.
 *
 * @param headline one sentence
 * @param detail what it costs and how sure it is
 */
public record Verdict(String headline, String detail) {

  /**
   * What a report comes to: its first evaluation, else its first retrieval, else its first drift.
   */
  public static Verdict of(ReportModel report) {
    if (!report.evaluations().isEmpty()) {
      return of(report.evaluations().get(0));
    }
    return report.retrievals().isEmpty()
        ? of(report.drifts().get(0))
        : of(report.retrievals().get(0));
  }

  /** Compares how often an attacked image still finds one of its texts first. */
  static Verdict of(RetrievalReport retrieval) {
    RetrievalResult original = retrieval.encoders().get(0);
    RetrievalResult robust = retrieval.encoders().get(retrieval.encoders().size() - 1);
    String measured =
        "Measured on %s images and %s texts of %s."
            .formatted(retrieval.images(), retrieval.texts(), retrieval.dataSet());
    if (robust.attacked().isEmpty()) {
      return new Verdict(
          "With %s %s of the images find one of their texts first; nothing has attacked it yet."
              .formatted(robust.encoder(), first(robust.clean().imageToText())),
          measured);
    }
    RetrievalResult.Attacked worst = decisive(retrieval);
    String headline =
        "Under attack at ε = %s, with %s %s of the images still find one of their texts first"
            .formatted(
                worst.threatModel().epsilonLabel(),
                robust.encoder(),
                first(worst.recall().imageToText()));
    if (retrieval.encoders().size() > 1) {
      headline +=
          " (%s: %s)"
              .formatted(original.encoder(), first(decisive(original).recall().imageToText()));
    }
    return new Verdict(
        headline + ".",
        "Without an attack %s do (%s: %s). %s of the texts find their attacked image first. %s"
            .formatted(
                first(robust.clean().imageToText()),
                original.encoder(),
                first(original.clean().imageToText()),
                first(worst.recall().textToImage()),
                measured));
  }

  private static String first(Recall recall) {
    return Numbers.percent(recall.atK().get(0).share());
  }

  /** The last encoder's worst result under the largest radius: what the verdict is about. */
  public static RetrievalResult.Attacked decisive(RetrievalReport retrieval) {
    return decisive(retrieval.encoders().get(retrieval.encoders().size() - 1));
  }

  /** An encoder's worst result under the largest radius of its first norm. */
  static RetrievalResult.Attacked decisive(RetrievalResult result) {
    Norm norm = result.attacked().get(0).threatModel().norm();
    ThreatModel largest =
        result.attacked().stream()
            .map(RetrievalResult.Attacked::threatModel)
            .filter(threat -> threat.norm() == norm)
            .reduce((small, large) -> large)
            .orElseThrow();
    return result.attacked().stream()
        .filter(attacked -> attacked.threatModel().equals(largest))
        .min(
            Comparator.comparingDouble(
                attacked -> attacked.recall().imageToText().atK().get(0).share().value()))
        .orElseThrow();
  }

  /** Compares how far an attacker can move the last encoder's embeddings with the first's. */
  static Verdict of(DriftReport drift) {
    EncoderDrift original = drift.encoders().get(0);
    EncoderDrift robust = drift.encoders().get(drift.encoders().size() - 1);
    int images = robust.clean().cosine().values().size();
    if (robust.attacked().isEmpty()) {
      return new Verdict(
          "The embeddings of %s have not been attacked yet.".formatted(robust.encoder()),
          "Measured on %s images of %s.".formatted(images, drift.dataSet()));
    }
    ThreatDrift threat = robust.attacked().get(robust.attacked().size() - 1);
    String kept = cosine(threat.drift());
    String headline =
        "Under attack at ε = %s, the embeddings of %s keep a cosine of %s to where they belong"
            .formatted(threat.threatModel().epsilonLabel(), robust.encoder(), kept);
    if (drift.encoders().size() > 1) {
      Drift before = original.attacked().get(original.attacked().size() - 1).drift();
      headline += " (%s: %s)".formatted(original.encoder(), cosine(before));
    }
    return new Verdict(
        headline + ".",
        "Without an attack it is %s. Means over %s images of %s, which have no labels: whether a classifier would be fooled is not measured."
            .formatted(cosine(robust.clean()), images, drift.dataSet()));
  }

  private static String cosine(Drift drift) {
    return String.format(Locale.ROOT, "%.2f", drift.cosine().mean()).replace('-', '−');
  }

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

  /** The last model under the largest radius of its first norm: what the verdict is about. */
  public static ThreatResult decisive(EvaluationReport evaluation) {
    return largest(evaluation.models().get(evaluation.models().size() - 1));
  }

  private static boolean overlap(Accuracy a, Accuracy b) {
    return a.interval().low() <= b.interval().high() && b.interval().low() <= a.interval().high();
  }

  private static String epsilon(ThreatResult threat) {
    return threat.threatModel().epsilonLabel();
  }
}
