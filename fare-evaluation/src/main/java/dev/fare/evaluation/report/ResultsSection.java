package dev.fare.evaluation.report;

import static j2html.TagCreator.caption;
import static j2html.TagCreator.details;
import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.figcaption;
import static j2html.TagCreator.figure;
import static j2html.TagCreator.h2;
import static j2html.TagCreator.p;
import static j2html.TagCreator.section;
import static j2html.TagCreator.small;
import static j2html.TagCreator.span;
import static j2html.TagCreator.summary;
import static j2html.TagCreator.table;
import static j2html.TagCreator.tbody;
import static j2html.TagCreator.td;
import static j2html.TagCreator.th;
import static j2html.TagCreator.thead;
import static j2html.TagCreator.tr;

import dev.fare.ThreatModel;
import dev.fare.evaluation.AttackOutcome;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.ModelResult;
import dev.fare.evaluation.ThreatResult;
import dev.fare.evaluation.statistics.Accuracy;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** The table of accuracies, the curves over epsilon and what each attack did. */
final class ResultsSection {

  private final ReportModel report;

  ResultsSection(ReportModel report) {
    this.report = report;
  }

  DomContent render() {
    return section(
            h2("How robust?"),
            p("The share of images whose first guess is right: on clean images, and in the worst"
                    + " case over the attacks. ε is how far each colour value may move. Small print:"
                    + " 95 % intervals.")
                .withClass("lead"),
            resultsTable(),
            div(each(report.evaluations(), this::curve)).withClass("charts"),
            details(summary("What each attack did"), attackTable()))
        .withId("results");
  }

  private List<ThreatModel> threatModels() {
    return report.evaluations().stream()
        .flatMap(evaluation -> evaluation.models().stream())
        .flatMap(model -> model.threats().stream())
        .map(ThreatResult::threatModel)
        .distinct()
        .toList();
  }

  private DomContent resultsTable() {
    List<ThreatModel> threatModels = threatModels();
    return scrolling(
        table(
                caption("Accuracy, clean and robust"),
                thead(
                    tr(
                        th("Test set").attr("scope", "col"),
                        th("Encoder").attr("scope", "col"),
                        th("Clean").attr("scope", "col"),
                        each(
                            threatModels,
                            threatModel -> th(threatModel.label()).attr("scope", "col")))),
                tbody(each(report.evaluations(), evaluation -> rows(evaluation, threatModels))))
            .withClass("results"),
        "Accuracy table");
  }

  private DomContent rows(EvaluationReport evaluation, List<ThreatModel> threatModels) {
    List<DomContent> rows = new ArrayList<>();
    for (int i = 0; i < evaluation.models().size(); i++) {
      ModelResult model = evaluation.models().get(i);
      int style = style(evaluation, model);
      List<DomContent> cells = new ArrayList<>();
      if (i == 0) {
        cells.add(
            th(
                    span(evaluation.dataSet()),
                    small(evaluation.size() + " images"),
                    small(report.testSetNotes().getOrDefault(evaluation.dataSet(), "")))
                .attr("scope", "rowgroup")
                .attr("rowspan", evaluation.models().size())
                .withClass("set"));
      }
      cells.add(th(span().withClass("key s" + style), span(model.model())).attr("scope", "row"));
      cells.add(cell("clean", model.clean(), style));
      for (ThreatModel threatModel : threatModels) {
        cells.add(
            model.threats().stream()
                .filter(threat -> threat.threatModel().equals(threatModel))
                .findFirst()
                .<DomContent>map(threat -> cell(threat.label(), threat.robust(), style))
                .orElse(td("not measured")));
      }
      rows.add(tr(each(cells, c -> c)).withCondClass(i == 0, "first"));
    }
    return each(rows, row -> row);
  }

  static DomContent cell(String column, Accuracy accuracy, int style) {
    return td(
            span(column).withClass("column").attr("aria-hidden", "true"),
            span(Numbers.percent(accuracy)).withClass("number"),
            small(Numbers.range(accuracy.interval())),
            span(span().withStyle(width(accuracy.value())).withClass("fill s" + style))
                .withClass("meter")
                .attr("aria-hidden", "true"))
        .withClass("value");
  }

  static String width(double share) {
    return String.format(Locale.ROOT, "width:%.1f%%", 100 * share);
  }

  /** 1 for the model the report is about, 0 for what it is compared with. */
  static int style(EvaluationReport evaluation, ModelResult model) {
    int last = evaluation.models().size() - 1;
    return last > 0 && model.model().equals(evaluation.models().get(last).model()) ? 1 : 0;
  }

  private DomContent curve(EvaluationReport evaluation) {
    List<LineChart.Series> lines =
        evaluation.models().stream()
            .map(
                model ->
                    new LineChart.Series(model.model(), style(evaluation, model), points(model)))
            .toList();
    List<LineChart.Tick> ticks =
        Stream.concat(
                Stream.of(new LineChart.Tick(0, "clean")),
                evaluation.models().get(0).threats().stream()
                    .filter(threat -> isFirstNorm(evaluation.models().get(0), threat))
                    .map(
                        threat ->
                            new LineChart.Tick(
                                threat.threatModel().epsilon(),
                                threat.threatModel().epsilonLabel())))
            .toList();
    LineChart chart =
        new LineChart(
                "Robust accuracy against epsilon on " + evaluation.dataSet(),
                "ε, what the attacker may change",
                Numbers::wholePercent,
                lines)
            .vertical(0, 1)
            .ticks(ticks)
            .marked();
    return figure(
        figcaption("Accuracy against ε: " + evaluation.dataSet()), legend(lines), chart.render());
  }

  private static boolean isFirstNorm(ModelResult model, ThreatResult threat) {
    return threat.threatModel().norm() == model.threats().get(0).threatModel().norm();
  }

  private static List<LineChart.Point> points(ModelResult model) {
    Stream<LineChart.Point> robust =
        model.threats().stream()
            .filter(threat -> isFirstNorm(model, threat))
            .map(threat -> point(threat.threatModel().epsilon(), threat.robust()));
    return Stream.concat(Stream.of(point(0, model.clean())), robust).toList();
  }

  private static LineChart.Point point(double epsilon, Accuracy accuracy) {
    return new LineChart.Point(
        epsilon, accuracy.value(), accuracy.interval().low(), accuracy.interval().high());
  }

  static DomContent legend(List<LineChart.Series> lines) {
    return div(each(
            lines, line -> span(span().withClass("key s" + line.style()), span(line.name()))))
        .withClass("legend");
  }

  private DomContent attackTable() {
    List<DomContent> rows = new ArrayList<>();
    for (EvaluationReport evaluation : report.evaluations()) {
      for (ModelResult model : evaluation.models()) {
        for (ThreatResult threat : model.threats()) {
          for (AttackOutcome outcome : threat.attacks()) {
            rows.add(attackRow(evaluation, model, threat, outcome));
          }
        }
      }
    }
    return scrolling(
        table(
            caption("Accuracy under each attack"),
            thead(
                tr(
                    each(
                        List.of(
                            "Test set",
                            "Encoder",
                            "ε",
                            "Attack",
                            "Settings",
                            "Accuracy",
                            "95 %",
                            "Images attacked",
                            "Forward passes",
                            "Time"),
                        name -> th(name).attr("scope", "col")))),
            tbody(each(rows, row -> row))),
        "Table of attacks");
  }

  private static DomContent attackRow(
      EvaluationReport evaluation, ModelResult model, ThreatResult threat, AttackOutcome outcome) {
    return tr(
        td(evaluation.dataSet()),
        td(model.model()),
        td(threat.label()),
        td(outcome.attack()),
        td(evaluation.settings().getOrDefault(outcome.attack(), "")),
        td(Numbers.percent(outcome.robust())),
        td(Numbers.range(outcome.robust().interval())),
        td(Integer.toString(outcome.attacked())),
        td(String.format(Locale.ROOT, "%,d", outcome.cost().forwards())),
        td(Numbers.seconds(outcome.seconds())));
  }

  /** A wide table that scrolls by itself, also by keyboard. */
  static DomContent scrolling(DomContent table, String label) {
    return div(table)
        .withClass("scroll")
        .attr("tabindex", "0")
        .attr("role", "region")
        .attr("aria-label", label);
  }
}
