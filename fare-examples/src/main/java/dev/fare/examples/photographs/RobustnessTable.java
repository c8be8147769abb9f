package dev.fare.examples.photographs;

import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.ModelResult;
import dev.fare.evaluation.ThreatResult;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Accuracies of several models on groups of pictures, as a Markdown table. */
final class RobustnessTable {

  private RobustnessTable() {}

  /**
   * One row for each group and model, one column for each threat model.
   *
   * @param reports one a group, with the same threat models
   */
  static String of(List<EvaluationReport> reports) {
    List<ThreatResult> threats = reports.get(0).models().get(0).threats();
    String head =
        "| pictures | encoder | clean |"
            + threats.stream()
                .map(threat -> " " + threat.label() + " |")
                .collect(Collectors.joining());
    String rule = "|---|---|---|" + "---|".repeat(threats.size());
    String rows =
        reports.stream()
            .flatMap(report -> report.models().stream().map(model -> row(report, model)))
            .collect(Collectors.joining("\n"));
    return head + "\n" + rule + "\n" + rows;
  }

  private static String row(EvaluationReport report, ModelResult model) {
    return String.format(
            Locale.ROOT,
            "| %s (%d) | %s | %s |",
            report.dataSet(),
            report.size(),
            model.model(),
            percent(model.clean().value()))
        + model.threats().stream()
            .map(threat -> " " + percent(threat.robust().value()) + " |")
            .collect(Collectors.joining());
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }
}
