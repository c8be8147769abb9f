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
import static j2html.TagCreator.th;
import static j2html.TagCreator.thead;
import static j2html.TagCreator.tr;

import dev.fare.evaluation.retrieval.Recall;
import dev.fare.evaluation.retrieval.RetrievalReport;
import dev.fare.evaluation.retrieval.RetrievalResult;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.List;

/** How images find their texts and texts their images, clean and with attacked images. */
final class RetrievalSection {

  private final List<RetrievalReport> reports;

  RetrievalSection(List<RetrievalReport> reports) {
    this.reports = reports;
  }

  DomContent render() {
    return section(
            h2("Do images and texts find each other?"),
            p("Recall at k: how often a right one is among the first k that are found. In both"
                    + " directions the images are the attacked ones; the texts are left alone."
                    + " Small print: 95 % intervals.")
                .withClass("lead"),
            div(each(
                    reports,
                    report -> each(List.of(Direction.values()), way -> recalls(report, way))))
                .withClass("stack"))
        .withId("retrieval");
  }

  /** What is the query and what is found. */
  private enum Direction {
    IMAGE_TO_TEXT("From image to text"),
    TEXT_TO_IMAGE("From text to image");

    private final String title;

    Direction(String title) {
      this.title = title;
    }

    Recall of(RetrievalResult.Directions recall) {
      return this == IMAGE_TO_TEXT ? recall.imageToText() : recall.textToImage();
    }
  }

  private static DomContent recalls(RetrievalReport report, Direction direction) {
    List<String> columns = new ArrayList<>(List.of("Encoder", "Images"));
    direction
        .of(report.encoders().get(0).clean())
        .atK()
        .forEach(entry -> columns.add("Recall at " + entry.k()));
    List<DomContent> rows = new ArrayList<>();
    int encoders = report.encoders().size();
    for (int i = 0; i < encoders; i++) {
      RetrievalResult result = report.encoders().get(i);
      int style = encoders > 1 && i == encoders - 1 ? 1 : 0;
      rows.add(row(result, "clean", direction.of(result.clean()), style, true));
      for (RetrievalResult.Attacked attacked : result.attacked()) {
        String label = attacked.threatModel().label() + ", " + attacked.attack();
        rows.add(row(result, label, direction.of(attacked.recall()), style, false));
      }
    }
    String title =
        "%s: %d images and %d texts of %s"
            .formatted(direction.title, report.images(), report.texts(), report.dataSet());
    return ResultsSection.scrolling(
        table(
                caption(title),
                thead(tr(each(columns, column -> th(column).attr("scope", "col")))),
                tbody(each(rows, row -> row)))
            .withClass("results"),
        title);
  }

  private static DomContent row(
      RetrievalResult result, String images, Recall recall, int style, boolean isFirst) {
    return tr(
            th(span().withClass("key s" + style), span(result.encoder())).attr("scope", "row"),
            th(small(images)).attr("scope", "row"),
            each(
                recall.atK(),
                entry -> ResultsSection.cell("at " + entry.k(), entry.share(), style)))
        .withCondClass(isFirst, "first");
  }

  /** What changed from the first encoder to the last. */
  static List<DomContent> tiles(RetrievalReport report) {
    RetrievalResult first = report.encoders().get(0);
    RetrievalResult last = report.encoders().get(report.encoders().size() - 1);
    List<DomContent> tiles = new ArrayList<>();
    if (!last.attacked().isEmpty()) {
      RetrievalResult.Attacked before = Verdict.decisive(first);
      RetrievalResult.Attacked after = Verdict.decisive(last);
      String label = after.threatModel().label();
      tiles.add(
          HtmlReport.tile(
              "Image finds its text first, " + label,
              report.dataSet(),
              before.recall().imageToText().atK().get(0).share(),
              after.recall().imageToText().atK().get(0).share()));
      tiles.add(
          HtmlReport.tile(
              "Text finds its image first, " + label,
              report.dataSet(),
              before.recall().textToImage().atK().get(0).share(),
              after.recall().textToImage().atK().get(0).share()));
    }
    tiles.add(
        HtmlReport.tile(
            "Image finds its text first, clean",
            report.dataSet(),
            first.clean().imageToText().atK().get(0).share(),
            last.clean().imageToText().atK().get(0).share()));
    return tiles;
  }
}
