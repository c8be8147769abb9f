package dev.fare.evaluation.report;

import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.ModelResult;
import dev.fare.evaluation.ThreatResult;
import dev.fare.evaluation.retrieval.RetrievalReport;
import dev.fare.evaluation.retrieval.RetrievalResult;
import dev.fare.evaluation.statistics.Accuracy;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Accuracies and recalls as people read them in a terminal. */
public final class TextTable {

  private TextTable() {}

  /**
   * A row for each model of each evaluation, a column for clean images and each threat model, with
   * 95 % intervals in brackets.
   *
   * @param reports of the same threat models
   */
  public static String of(List<EvaluationReport> reports) {
    List<List<String>> rows = new ArrayList<>();
    List<String> head = new ArrayList<>(List.of("zero-shot top-1, %", "", "clean"));
    reports.get(0).models().get(0).threats().forEach(threat -> head.add(threat.label()));
    rows.add(head);
    for (EvaluationReport report : reports) {
      for (ModelResult model : report.models()) {
        List<String> row = new ArrayList<>();
        row.add(report.dataSet());
        row.add(model.model());
        row.add(cell(model.clean()));
        for (ThreatResult threat : model.threats()) {
          row.add(cell(threat.robust()));
        }
        rows.add(row);
      }
    }
    return aligned(rows);
  }

  /**
   * A row for each encoder and attack, a column for each recall, with 95 % intervals in brackets.
   *
   * @param report of any number of encoders
   */
  public static String of(RetrievalReport report) {
    List<List<String>> rows = new ArrayList<>();
    List<String> head = new ArrayList<>(List.of("recall, %", "images"));
    for (String way : List.of("image to text", "text to image")) {
      report.encoders().get(0).clean().imageToText().atK().stream()
          .map(entry -> way + " @" + entry.k())
          .forEach(head::add);
    }
    rows.add(head);
    for (RetrievalResult result : report.encoders()) {
      rows.add(row(result.encoder(), "clean", result.clean()));
      for (RetrievalResult.Attacked attacked : result.attacked()) {
        String label = attacked.threatModel().label() + ", " + attacked.attack();
        rows.add(row(result.encoder(), label, attacked.recall()));
      }
    }
    return aligned(rows);
  }

  private static List<String> row(
      String encoder, String images, RetrievalResult.Directions recall) {
    List<String> row = new ArrayList<>(List.of(encoder, images));
    recall.imageToText().atK().forEach(entry -> row.add(cell(entry.share())));
    recall.textToImage().atK().forEach(entry -> row.add(cell(entry.share())));
    return row;
  }

  private static String cell(Accuracy accuracy) {
    return String.format(
        Locale.ROOT,
        "%.1f [%.1f, %.1f]",
        100 * accuracy.value(),
        100 * accuracy.interval().low(),
        100 * accuracy.interval().high());
  }

  /** Columns as wide as their widest cell: names to the left, numbers to the right. */
  private static String aligned(List<List<String>> rows) {
    int columns = rows.stream().mapToInt(List::size).max().orElse(0);
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < row.size(); i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < row.size(); i++) {
        String padding = " ".repeat(widths[i] - row.get(i).length());
        line.append(i == 0 ? "" : "  ").append(i < 2 ? row.get(i) + padding : padding + row.get(i));
      }
      lines.add(line.toString().stripTrailing());
    }
    return String.join(System.lineSeparator(), lines);
  }
}
