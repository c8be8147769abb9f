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
import static j2html.TagCreator.ol;
import static j2html.TagCreator.p;
import static j2html.TagCreator.section;
import static j2html.TagCreator.small;
import static j2html.TagCreator.span;

import dev.fare.evaluation.Picture;
import j2html.tags.DomContent;
import java.util.List;
import java.util.Locale;

/** An image search whose query is attacked. */
final class SearchSection {

  private final List<SearchExample> examples;

  SearchSection(List<SearchExample> examples) {
    this.examples = examples;
  }

  DomContent render() {
    return section(
            h2("In an application: image search"),
            p("The same search index code, with the encoder swapped in one line. First the clean query,"
                    + " then the query after an attack on that encoder. Green frames show what was asked"
                    + " for.")
                .withClass("lead"),
            each(examples, SearchSection::example))
        .withId("search");
  }

  private static DomContent example(SearchExample example) {
    return article(
            h3(span(example.queryName()), span(example.attack()).withClass("tag")),
            div(each(example.results(), result -> result(example, result))).withClass("engines"))
        .withClass("card search");
  }

  private static DomContent result(SearchExample example, SearchResult result) {
    return div(
            h4(result.encoder()),
            row(example.query(), "query", example.queryName() + ", clean query", result.clean()),
            row(
                result.attacked(),
                "attacked",
                example.queryName() + ", query attacked on " + result.encoder(),
                result.adversarial()))
        .withClass("engine");
  }

  private static DomContent row(
      Picture query, String caption, String alternative, List<SearchHit> hits) {
    return div(
            figure(picture(query, alternative), figcaption(caption)).withClass("query"),
            span("→").withClass("arrow").attr("aria-hidden", "true"),
            ol(each(hits, SearchSection::hit)).withClass("hits"))
        .withClass("searchrow");
  }

  private static DomContent hit(SearchHit hit) {
    String relevance = hit.relevant() ? "right" : "wrong";
    return li(
            picture(hit.picture(), hit.name() + ", " + relevance),
            small(hit.name()),
            small(String.format(Locale.ROOT, "%.2f", hit.similarity()).replace('-', '−'))
                .withClass("similarity"))
        .withClass(relevance);
  }

  private static DomContent picture(Picture picture, String alternative) {
    return img()
        .withSrc(PngImages.dataUri(picture))
        .withAlt(alternative)
        .attr("width", picture.width())
        .attr("height", picture.height())
        .withCondClass(picture.width() < 200, "pixels");
  }
}
