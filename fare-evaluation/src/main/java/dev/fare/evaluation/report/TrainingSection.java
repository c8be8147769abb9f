package dev.fare.evaluation.report;

import static j2html.TagCreator.div;
import static j2html.TagCreator.figcaption;
import static j2html.TagCreator.figure;
import static j2html.TagCreator.h2;
import static j2html.TagCreator.p;
import static j2html.TagCreator.section;

import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleFunction;
import java.util.function.ToDoubleFunction;

/** How the fine-tuning went. */
final class TrainingSection {

  /** More points than this can't be told apart on the page. */
  private static final int MOST_POINTS = 240;

  private final List<TrainingPoint> points;

  TrainingSection(List<TrainingPoint> points) {
    this.points = thinned(points);
  }

  /**
   * Averages neighbours where there are more points than pixels, so that no spike is picked by
   * chance.
   */
  static List<TrainingPoint> thinned(List<TrainingPoint> points) {
    int bucket = (points.size() + MOST_POINTS - 1) / MOST_POINTS;
    if (bucket <= 1) {
      return points;
    }
    List<TrainingPoint> means = new ArrayList<>();
    for (int from = 0; from < points.size(); from += bucket) {
      List<TrainingPoint> some = points.subList(from, Math.min(points.size(), from + bucket));
      means.add(
          new TrainingPoint(
              (int) Math.round(mean(some, TrainingPoint::step)),
              mean(some, TrainingPoint::loss),
              mean(some, TrainingPoint::cosineClean),
              mean(some, TrainingPoint::cosineAdversarial),
              mean(some, TrainingPoint::learningRate)));
    }
    return means;
  }

  private static double mean(List<TrainingPoint> points, ToDoubleFunction<TrainingPoint> value) {
    return points.stream().mapToDouble(value).average().orElse(0);
  }

  DomContent render() {
    return section(
            h2("How it was trained"),
            p("FARE pulls the embedding of every attacked image back to where the original encoder puts"
                    + " the clean one. No labels are used.")
                .withClass("lead"),
            div(
                    chart(
                        "Loss",
                        Numbers::compact,
                        List.of(series("squared distance of embeddings", 1, TrainingPoint::loss)),
                        true),
                    chart(
                        "Cosine to the original",
                        Numbers::compact,
                        List.of(
                            series("clean images", 2, TrainingPoint::cosineClean),
                            series("attacked images", 1, TrainingPoint::cosineAdversarial)),
                        false),
                    chart(
                        "Learning rate",
                        Numbers::compact,
                        List.of(series("AdamW", 1, TrainingPoint::learningRate)),
                        true))
                .withClass("charts three"))
        .withId("training");
  }

  private LineChart.Series series(String name, int style, ToDoubleFunction<TrainingPoint> value) {
    return new LineChart.Series(
        name,
        style,
        points.stream()
            .map(point -> new LineChart.Point(point.step(), value.applyAsDouble(point)))
            .toList());
  }

  private static DomContent chart(
      String title, DoubleFunction<String> format, List<LineChart.Series> lines, boolean fromZero) {
    LineChart chart = new LineChart(title, "step", format, lines).narrow();
    double high =
        lines.stream()
            .flatMap(line -> line.points().stream())
            .mapToDouble(LineChart.Point::y)
            .max()
            .orElse(1);
    if (fromZero && high > 0) {
      chart.vertical(0, high * 1.05);
    }
    return figure(figcaption(title), ResultsSection.legend(lines), chart.render());
  }
}
