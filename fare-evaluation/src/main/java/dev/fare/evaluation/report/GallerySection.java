package dev.fare.evaluation.report;

import static j2html.TagCreator.article;
import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.figcaption;
import static j2html.TagCreator.figure;
import static j2html.TagCreator.h2;
import static j2html.TagCreator.h3;
import static j2html.TagCreator.h4;
import static j2html.TagCreator.img;
import static j2html.TagCreator.li;
import static j2html.TagCreator.p;
import static j2html.TagCreator.section;
import static j2html.TagCreator.span;
import static j2html.TagCreator.ul;

import dev.fare.evaluation.GalleryEntry;
import dev.fare.evaluation.ModelView;
import dev.fare.evaluation.Picture;
import dev.fare.evaluation.Prediction;
import j2html.tags.DomContent;
import java.util.List;

/** Attacked pictures with what each encoder sees in them. */
final class GallerySection {

  private static final int AMPLIFICATION = 20;

  private final List<GalleryEntry> entries;

  GallerySection(List<GalleryEntry> entries) {
    this.entries = entries;
  }

  DomContent render() {
    return section(
            h2("What they see"),
            p("Each encoder was attacked for itself. The pictures look the same to us; what was added is"
                    + " shown %s times amplified.".formatted(AMPLIFICATION))
                .withClass("lead"),
            div(each(entries, GallerySection::card)).withClass("gallery"))
        .withId("gallery");
  }

  private static DomContent card(GalleryEntry entry) {
    return article(
            h3(
                span(entry.className()),
                span("attack on " + entry.attackedModel()).withClass("tag")),
            div(
                    picture(
                        PngImages.dataUri(entry.clean()),
                        entry.clean(),
                        "clean",
                        "%s, clean".formatted(entry.className())),
                    picture(
                        PngImages.dataUri(entry.adversarial()),
                        entry.clean(),
                        "attacked",
                        "%s, attacked by %s at %s"
                            .formatted(
                                entry.className(), entry.attack(), entry.threatModel().label())),
                    picture(
                        PngImages.differenceUri(entry.clean(), entry.adversarial(), AMPLIFICATION),
                        entry.clean(),
                        "difference ×" + AMPLIFICATION,
                        "difference between the two, amplified %s times".formatted(AMPLIFICATION)))
                .withClass("triple"),
            div(each(entry.views(), view -> view(entry, view))).withClass("views"))
        .withClass("card");
  }

  private static DomContent picture(String uri, Picture size, String caption, String alternative) {
    return figure(
        img()
            .withSrc(uri)
            .withAlt(alternative)
            .attr("width", size.width())
            .attr("height", size.height())
            .withCondClass(size.width() < 200, "pixels"),
        figcaption(caption));
  }

  private static DomContent view(GalleryEntry entry, ModelView view) {
    boolean attacked = view.model().equals(entry.attackedModel());
    return div(
            h4(view.model() + (attacked ? "" : " (not attacked, shown the same)")),
            div(
                    guesses("clean", view.clean(), entry.label()),
                    guesses("attacked", view.adversarial(), entry.label()))
                .withClass("pair"))
        .withClass("view");
  }

  private static DomContent guesses(String title, List<Prediction> predictions, int label) {
    return div(
        span(title).withClass("what"),
        ul(each(predictions, prediction -> guess(prediction, prediction.label() == label)))
            .withClass("guesses"));
  }

  private static DomContent guess(Prediction prediction, boolean right) {
    return li(
            span().withClass("fill").withStyle(ResultsSection.width(prediction.probability())),
            span((right ? "✓ " : "") + prediction.className()).withClass("guess"),
            span(Numbers.wholePercent(prediction.probability())).withClass("probability"))
        .withClass(right ? "right" : "wrong");
  }
}
