package dev.fare.evaluation.report;

import static j2html.TagCreator.a;
import static j2html.TagCreator.dd;
import static j2html.TagCreator.div;
import static j2html.TagCreator.dl;
import static j2html.TagCreator.dt;
import static j2html.TagCreator.each;
import static j2html.TagCreator.h1;
import static j2html.TagCreator.h2;
import static j2html.TagCreator.h3;
import static j2html.TagCreator.header;
import static j2html.TagCreator.iff;
import static j2html.TagCreator.li;
import static j2html.TagCreator.main;
import static j2html.TagCreator.nav;
import static j2html.TagCreator.p;
import static j2html.TagCreator.section;
import static j2html.TagCreator.small;
import static j2html.TagCreator.span;
import static j2html.TagCreator.ul;

import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.ModelResult;
import dev.fare.evaluation.ThreatResult;
import dev.fare.evaluation.statistics.Accuracy;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A report as one HTML page that needs nothing but a browser: no script, no network, light and
 * dark, wide and narrow. A function of the model: the same report gives the same page.
 */
public final class HtmlReport {

  private final ReportModel report;

  private HtmlReport(ReportModel report) {
    this.report = report;
  }

  /** The page as text. */
  public static String render(ReportModel report) {
    return new HtmlReport(report).page();
  }

  private String page() {
    return HtmlPage.of(
        report.title(),
        a("Skip to the results").withHref("#content").withClass("skip"),
        opening(),
        navigation(),
        main(each(sections().values(), section -> section)).withId("content"));
  }

  private DomContent opening() {
    Verdict verdict = Verdict.of(report);
    return header(
        p(report.title()).withClass("eyebrow"),
        h1(verdict.headline()),
        p(verdict.detail()).withClass("detail"),
        iff(!report.introduction().isEmpty(), p(report.introduction()).withClass("intro")),
        div(each(tiles(), tile -> tile)).withClass("tiles"));
  }

  private List<DomContent> tiles() {
    List<DomContent> tiles = new ArrayList<>();
    for (EvaluationReport evaluation : report.evaluations()) {
      ModelResult first = evaluation.models().get(0);
      ModelResult last = evaluation.models().get(evaluation.models().size() - 1);
      boolean compared = evaluation.models().size() > 1;
      if (compared && !last.threats().isEmpty()) {
        ThreatResult threat = Verdict.largest(last);
        tiles.add(
            tile(
                "Robust at " + threat.label(),
                evaluation.dataSet(),
                first.under(threat.threatModel()).robust(),
                threat.robust()));
      }
      if (compared) {
        tiles.add(tile("Clean accuracy", evaluation.dataSet(), first.clean(), last.clean()));
      }
    }
    report.retrievals().stream()
        .filter(retrieval -> retrieval.encoders().size() > 1)
        .forEach(retrieval -> tiles.addAll(RetrievalSection.tiles(retrieval)));
    return tiles;
  }

  static DomContent tile(String name, String dataSet, Accuracy before, Accuracy after) {
    return div(
            p(name).withClass("name"),
            p(
                    span(Numbers.percent(before)).withClass("before"),
                    span("→").withClass("arrow").attr("aria-label", "to"),
                    span(Numbers.percent(after)).withClass("after"))
                .withClass("change"),
            p(span(dataSet), span(Numbers.points(after.value() - before.value())).withClass("gain"))
                .withClass("where"))
        .withClass("tile");
  }

  private DomContent navigation() {
    Map<String, String> names =
        Map.of(
            "results", "Results",
            "retrieval", "Retrieval",
            "gallery", "Pictures",
            "search", "Search",
            "training", "Training",
            "classes", "Classes",
            "comparison", "Image by image",
            "reading", "Reading this",
            "provenance", "Provenance");
    return nav(ul(
            each(sections().keySet(), id -> li(a(names.getOrDefault(id, id)).withHref("#" + id)))))
        .attr("aria-label", "Sections");
  }

  private Map<String, DomContent> sections() {
    Map<String, DomContent> sections = new LinkedHashMap<>();
    if (!report.evaluations().isEmpty()) {
      sections.put("results", new ResultsSection(report).render());
    }
    if (!report.retrievals().isEmpty()) {
      sections.put("retrieval", new RetrievalSection(report.retrievals()).render());
    }
    if (!report.gallery().isEmpty()) {
      sections.put("gallery", new GallerySection(report.gallery()).render());
    }
    if (!report.searches().isEmpty()) {
      sections.put("search", new SearchSection(report.searches()).render());
    }
    if (!report.training().isEmpty()) {
      sections.put("training", new TrainingSection(report.training()).render());
    }
    report.evaluations().stream()
        .limit(1)
        .filter(first -> first.models().stream().noneMatch(model -> model.threats().isEmpty()))
        .forEach(
            first ->
                sections.put("classes", new ClassSection(first, report.classGroups()).render()));
    ComparisonSection comparison = new ComparisonSection(report);
    if (!comparison.isEmpty()) {
      sections.put("comparison", comparison.render());
    }
    sections.put("reading", reading());
    if (!report.provenance().isEmpty()) {
      sections.put("provenance", provenance());
    }
    return sections;
  }

  private static DomContent reading() {
    return section(
            h2("How to read this"),
            ul(
                    li(
                        "Robust accuracy is what the attacks used here left over. A stronger attack"
                            + " can only lower it: it is an upper bound, never a proof."),
                    li(
                        "ε bounds the change of every colour value of every pixel. It says nothing"
                            + " about stickers, rotations, other pictures pasted in, or text in the"
                            + " image."),
                    li(
                        "An interval tells how far the numbers could move with other images of the"
                            + " same kind. It does not cover other kinds of images."),
                    li(
                        "The attacker knows the encoder and all its weights. Hiding them is no"
                            + " defence that this report counts."))
                .withClass("notes"))
        .withId("reading");
  }

  private DomContent provenance() {
    Map<String, List<ProvenanceEntry>> groups = new LinkedHashMap<>();
    report
        .provenance()
        .forEach(entry -> groups.computeIfAbsent(entry.group(), g -> new ArrayList<>()).add(entry));
    return section(
            h2("Where the numbers come from"),
            div(each(
                    groups.entrySet(),
                    group ->
                        div(
                                h3(group.getKey()),
                                dl(
                                    each(
                                        group.getValue(),
                                        entry ->
                                            each(
                                                List.of(dt(entry.name()), dd(entry.value())),
                                                part -> part))))
                            .withClass("facts")))
                .withClass("provenance"),
            small("The same numbers stand beside this page as JSON."))
        .withId("provenance");
  }
}
