package dev.fare.evaluation.report;

import static j2html.TagCreator.body;
import static j2html.TagCreator.document;
import static j2html.TagCreator.footer;
import static j2html.TagCreator.head;
import static j2html.TagCreator.html;
import static j2html.TagCreator.meta;
import static j2html.TagCreator.p;
import static j2html.TagCreator.rawHtml;
import static j2html.TagCreator.style;
import static j2html.TagCreator.title;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.common.io.Resources;
import j2html.tags.DomContent;
import java.io.IOException;
import java.io.UncheckedIOException;

/** An HTML page that needs nothing but a browser, in the style of the reports. */
public final class HtmlPage {

  private HtmlPage() {}

  /**
   * The page as text.
   *
   * @param title of the window
   * @param parts of the body; a footer follows them
   */
  public static String of(String title, DomContent... parts) {
    return document(
        html(
                head(
                    meta().withCharset("utf-8"),
                    meta().withName("viewport").withContent("width=device-width, initial-scale=1"),
                    meta().withName("color-scheme").withContent("light dark"),
                    title(title),
                    style(rawHtml(styleSheet()))),
                body(parts)
                    .with(
                        footer(
                            p("Made by FARE for the JVM. This page holds everything it shows."))))
            .withLang("en"));
  }

  private static String styleSheet() {
    try {
      return Resources.toString(Resources.getResource(HtmlPage.class, "report.css"), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
