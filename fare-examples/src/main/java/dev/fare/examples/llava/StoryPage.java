package dev.fare.examples.llava;

import static j2html.TagCreator.caption;
import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.figcaption;
import static j2html.TagCreator.figure;
import static j2html.TagCreator.h1;
import static j2html.TagCreator.h2;
import static j2html.TagCreator.h3;
import static j2html.TagCreator.header;
import static j2html.TagCreator.img;
import static j2html.TagCreator.main;
import static j2html.TagCreator.p;
import static j2html.TagCreator.section;
import static j2html.TagCreator.strong;
import static j2html.TagCreator.table;
import static j2html.TagCreator.tbody;
import static j2html.TagCreator.td;
import static j2html.TagCreator.th;
import static j2html.TagCreator.thead;
import static j2html.TagCreator.tr;

import com.google.common.collect.Lists;
import dev.fare.evaluation.Picture;
import dev.fare.evaluation.report.HtmlPage;
import dev.fare.evaluation.report.PngImages;
import j2html.tags.DomContent;
import java.util.List;

/** The story as one HTML page with its pictures, which needs nothing but a browser. */
final class StoryPage {

  private static final String TITLE = "What an attacked picture does to an assistant";

  private final StoryResults results;

  private StoryPage(StoryResults results) {
    this.results = results;
  }

  static String render(StoryResults results) {
    return new StoryPage(results).page();
  }

  private String page() {
    return HtmlPage.of(
        TITLE,
        header(
            p("FARE for the JVM").withClass("eyebrow"),
            h1(TITLE),
            p("Pixels are changed by at most a few 255ths, to make a small LLaVA tell its"
                    + " user something else than what it sees. Then a robust encoder"
                    + " takes the place of its own, and nothing else is changed.")
                .withClass("detail"),
            p("The robust encoder: " + results.encoder() + ".").withClass("intro")),
        main(examples(), rates(), captions()));
  }

  private DomContent examples() {
    return section(
        h2("What the user reads"),
        p("The user asks: " + EmojiTalk.CAPTION).withClass("lead"),
        div(each(results.examples(), StoryPage::example)).withClass("gallery"));
  }

  private static DomContent example(StoryResults.Example example) {
    return div(
            h3(example.target().kind() + ", " + example.epsilon() + "/255"),
            div(picture(example.clean(), "clean"), picture(example.attacked(), "attacked"))
                .withClass("pair"),
            said("Clean picture", example.before()),
            said("Attacked picture", example.deceived()),
            said("Attacked picture, robust encoder", example.after()))
        .withClass("card");
  }

  private static DomContent picture(Picture picture, String what) {
    return figure(
        img()
            .withSrc(PngImages.dataUri(picture))
            .withAlt("the " + what + " picture")
            .withWidth("100%")
            .withClass("pixels"),
        figcaption(what).withClass("what"));
  }

  private static DomContent said(String when, String words) {
    return div(p(when).withClass("what"), p(strong("\u201C" + words + "\u201D"))).withClass("view");
  }

  private DomContent rates() {
    return section(
        h2("How often the assistant says what the attacker wants"),
        p(results.scenes()
                + " pictures; the caption of a pizza, or one of six sentences about no picture at"
                + " all; APGD with "
                + results.steps()
                + " iterations; success is that the sentence is in the answer.")
            .withClass("lead"),
        grid(
            "Success of targeted attacks",
            List.of(
                "goal and ball",
                "original encoder",
                "the same pictures after the swap",
                "robust encoder, attacked itself",
                "those pictures, original encoder"),
            results.stealth().stream()
                .map(
                    row ->
                        List.of(
                            row.goal() + ", " + row.epsilon() + "/255",
                            StoryResults.percent(row.original()),
                            StoryResults.percent(row.swapped()),
                            StoryResults.percent(row.robust()),
                            StoryResults.percent(row.back())))
                .toList()));
  }

  private DomContent captions() {
    return section(
        h2("Captions under untargeted attacks"),
        p("CIDEr-D times 100; attacks away from each of five references, then again from the worst.")
            .withClass("lead"),
        scores("Scores of captions", results.captions()),
        h2("Answers under untargeted attacks"),
        p("VQA accuracy times 100; attacks away from the right answer, again from there, and towards"
                + " the words \u201Cmaybe\u201D and \u201CWord\u201D.")
            .withClass("lead"),
        scores("Scores of answers", results.answers()));
  }

  private static DomContent scores(String name, List<StoryResults.Scores> rows) {
    return grid(
        name,
        List.of("encoder", "clean", "2/255", "4/255"),
        rows.stream()
            .map(row -> Lists.asList(row.encoder(), row.cells().toArray(String[]::new)))
            .toList());
  }

  private static DomContent grid(String name, List<String> columns, List<List<String>> rows) {
    return div(table(
            caption(name),
            thead(tr(each(columns, column -> th(column)))),
            tbody(each(rows, row -> tr(each(row, cell -> td(cell)))))))
        .withClass("scroll");
  }
}
