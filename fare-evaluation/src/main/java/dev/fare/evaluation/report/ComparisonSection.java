package dev.fare.evaluation.report;

import static j2html.TagCreator.caption;
import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.h2;
import static j2html.TagCreator.p;
import static j2html.TagCreator.section;
import static j2html.TagCreator.small;
import static j2html.TagCreator.span;
import static j2html.TagCreator.table;
import static j2html.TagCreator.tbody;
import static j2html.TagCreator.td;
import static j2html.TagCreator.th;
import static j2html.TagCreator.thead;
import static j2html.TagCreator.tr;

import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.ModelResult;
import dev.fare.evaluation.PairedComparison;
import dev.fare.evaluation.ThreatResult;
import dev.fare.evaluation.TransferMatrix;
import dev.fare.evaluation.drift.Drift;
import dev.fare.evaluation.drift.DriftReport;
import dev.fare.evaluation.drift.EncoderDrift;
import dev.fare.evaluation.drift.ThreatDrift;
import dev.fare.evaluation.statistics.Accuracy;
import dev.fare.evaluation.statistics.Distribution;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The models against each other: paired by image, on each other's images, and without labels. */
final class ComparisonSection {

  private final ReportModel report;
  private final List<EvaluationReport> pairs;

  ComparisonSection(ReportModel report) {
    this.report = report;
    this.pairs =
        report.evaluations().stream().filter(evaluation -> evaluation.models().size() > 1).toList();
  }

  boolean isEmpty() {
    return pairs.isEmpty() && report.transfers().isEmpty() && report.drifts().isEmpty();
  }

  DomContent render() {
    List<DomContent> tables = new ArrayList<>();
    pairs.forEach(evaluation -> tables.add(paired(evaluation)));
    report.transfers().forEach(matrix -> tables.add(transfer(matrix)));
    report.drifts().forEach(drift -> tables.add(drift(drift)));
    return section(
            h2("Image by image"),
            p("Two models on the same images say more than two averages: p is how probable so"
                    + " uneven a split is if neither model were better (McNemar's exact test).")
                .withClass("lead"),
            div(each(tables, t -> t)).withClass("stack"))
        .withId("comparison");
  }

  private static DomContent paired(EvaluationReport evaluation) {
    ModelResult first = evaluation.models().get(0);
    ModelResult last = evaluation.models().get(evaluation.models().size() - 1);
    List<DomContent> rows = new ArrayList<>();
    rows.add(row("clean", PairedComparison.clean(evaluation, first.model(), last.model())));
    for (ThreatResult threat : last.threats()) {
      rows.add(
          row(
              threat.label(),
              PairedComparison.under(
                  threat.threatModel(), evaluation, first.model(), last.model())));
    }
    return framed(
        "Which images they get right: " + evaluation.dataSet(),
        List.of("ε", "both", "only " + first.model(), "only " + last.model(), "neither", "p"),
        rows);
  }

  private static DomContent row(String label, PairedComparison pair) {
    return tr(
        th(label).attr("scope", "row"),
        td(Integer.toString(pair.both())),
        td(Integer.toString(pair.onlyFirst())),
        td(Integer.toString(pair.onlySecond())),
        td(Integer.toString(pair.neither())),
        td(probability(pair.pValue())));
  }

  static String probability(double p) {
    return p < 0.001 ? "< 0.001" : String.format(Locale.ROOT, "%.3f", p);
  }

  private static DomContent transfer(TransferMatrix matrix) {
    List<String> columns = new ArrayList<>();
    columns.add("images made against");
    matrix.models().forEach(model -> columns.add("shown to " + model));
    List<DomContent> rows = new ArrayList<>();
    for (int i = 0; i < matrix.models().size(); i++) {
      rows.add(
          tr(
              th(matrix.models().get(i)).attr("scope", "row"),
              each(matrix.accuracies().get(i), ComparisonSection::shaded)));
    }
    return framed(
        "Do attacks transfer? Accuracy on %s, %s at %s"
            .formatted(matrix.dataSet(), matrix.attack(), matrix.threatModel().label()),
        columns,
        rows);
  }

  /** A number with a meter, so that a matrix can be read at a glance. */
  private static DomContent shaded(Accuracy accuracy) {
    return td(
            span(Numbers.percent(accuracy)).withClass("number"),
            small(Numbers.range(accuracy.interval())),
            span(span().withClass("fill s1").withStyle(ResultsSection.width(accuracy.value())))
                .withClass("meter")
                .attr("aria-hidden", "true"))
        .withClass("value");
  }

  private static DomContent drift(DriftReport drift) {
    List<DomContent> rows = new ArrayList<>();
    for (EncoderDrift encoder : drift.encoders()) {
      rows.add(row(encoder.encoder(), "clean", "", encoder.clean()));
      for (ThreatDrift threat : encoder.attacked()) {
        rows.add(
            row(encoder.encoder(), threat.threatModel().label(), threat.attack(), threat.drift()));
      }
    }
    return framed(
        "Without labels: cosine to the original's clean embedding, %s images of %s"
            .formatted(drift.encoders().get(0).clean().cosine().values().size(), drift.dataSet()),
        List.of("encoder", "ε", "attack", "mean", "median", "worst 5 % below", "squared distance"),
        rows);
  }

  private static DomContent row(String encoder, String label, String attack, Drift drift) {
    Distribution cosine = drift.cosine();
    return tr(
        th(encoder).attr("scope", "row"),
        td(label),
        td(attack),
        td(three(cosine.mean())),
        td(three(cosine.median())),
        td(three(cosine.quantile(0.05))),
        td(Numbers.compact(drift.squaredDistance().mean())));
  }

  private static String three(double value) {
    return String.format(Locale.ROOT, "%.3f", value).replace('-', '−');
  }

  private static DomContent framed(String title, List<String> columns, List<DomContent> rows) {
    return ResultsSection.scrolling(
        table(
            caption(title),
            thead(tr(each(columns, column -> th(column).attr("scope", "col")))),
            tbody(each(rows, row -> row))),
        title);
  }
}
