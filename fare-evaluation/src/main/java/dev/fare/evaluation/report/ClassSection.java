package dev.fare.evaluation.report;

import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.figcaption;
import static j2html.TagCreator.figure;
import static j2html.TagCreator.h2;
import static j2html.TagCreator.li;
import static j2html.TagCreator.p;
import static j2html.TagCreator.section;
import static j2html.TagCreator.small;
import static j2html.TagCreator.span;
import static j2html.TagCreator.ul;

import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.ModelResult;
import dev.fare.evaluation.ThreatResult;
import dev.fare.evaluation.statistics.Accuracy;
import dev.fare.evaluation.statistics.ClassAccuracy;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Where the model is strong and where it is weak: classes, or groups of them. */
final class ClassSection {

  private static final int SHOWN = 8;

  /** A class or a group with the accuracy clean and under attack. */
  record Bar(String name, Accuracy clean, Accuracy robust) {}

  private final EvaluationReport evaluation;
  private final ModelResult model;
  private final ThreatResult threat;
  private final Map<String, String> groups;

  /**
   * Looks at the last model of an evaluation.
   *
   * @param groups the group of each class name; empty to look at single classes
   */
  ClassSection(EvaluationReport evaluation, Map<String, String> groups) {
    this.evaluation = evaluation;
    this.model = evaluation.models().get(evaluation.models().size() - 1);
    this.threat = Verdict.largest(model);
    this.groups = groups;
  }

  /** Counted bars, the most robust first. */
  List<Bar> bars() {
    Map<String, int[]> counts = new TreeMap<>(); // name -> clean, robust, all
    for (int i = 0; i < model.cleanByClass().size(); i++) {
      ClassAccuracy clean = model.cleanByClass().get(i);
      String name = className(clean.label());
      int[] count = counts.computeIfAbsent(groups.getOrDefault(name, name), key -> new int[3]);
      count[0] += clean.accuracy().correct();
      count[1] += threat.byClass().get(i).accuracy().correct();
      count[2] += clean.accuracy().total();
    }
    List<Bar> bars = new ArrayList<>();
    counts.forEach(
        (name, count) ->
            bars.add(
                new Bar(name, new Accuracy(count[0], count[2]), new Accuracy(count[1], count[2]))));
    bars.sort(Comparator.comparingDouble((Bar bar) -> bar.robust().value()).reversed());
    return bars;
  }

  private String className(int label) {
    return label < evaluation.classNames().size()
        ? evaluation.classNames().get(label)
        : "class " + label;
  }

  DomContent render() {
    List<Bar> bars = bars();
    boolean all = bars.size() <= 2 * SHOWN;
    return section(
            h2("Where it is strong, where it is weak"),
            p("%s on %s at %s. The pale bar is the accuracy on clean images, the full one what is left under attack."
                    .formatted(model.model(), evaluation.dataSet(), threat.label()))
                .withClass("lead"),
            all
                ? div(figure(
                        figcaption(groups.isEmpty() ? "All classes" : "By category"), list(bars)))
                    .withClass("bars")
                : div(
                        figure(figcaption("Most robust classes"), list(bars.subList(0, SHOWN))),
                        figure(
                            figcaption("Least robust classes"),
                            list(bars.subList(bars.size() - SHOWN, bars.size()))))
                    .withClass("bars two"))
        .withId("classes");
  }

  private static DomContent list(List<Bar> bars) {
    return ul(each(bars, ClassSection::row)).withClass("barlist");
  }

  private static DomContent row(Bar bar) {
    return li(
        span(span(bar.name()), small(images(bar.clean().total()))).withClass("name"),
        span(
                span().withClass("pale").withStyle(ResultsSection.width(bar.clean().value())),
                span().withClass("full").withStyle(ResultsSection.width(bar.robust().value())))
            .withClass("bar")
            .attr("aria-hidden", "true"),
        span(
                span(Numbers.wholePercent(bar.robust().value())),
                small(" of " + Numbers.wholePercent(bar.clean().value()) + " clean"))
            .withClass("share"));
  }

  private static String images(int count) {
    return count == 1 ? "1 image" : count + " images";
  }
}
