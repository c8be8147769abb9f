package dev.fare.models.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HtmlEntitiesTest {

  /** Expected values are those of Python's {@code html.unescape}, which OpenAI's code calls. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "plain text & more ~ plain text & more",
        "&lt;b&gt; ~ <b>",
        "&amp;lt; ~ &lt;",
        "&ampx ~ &x",
        "&copy2020 ~ ©2020",
        "caf&eacute ~ café",
        "&notit; ~ ¬it;",
        "&notin; ~ ∉",
        "&NotEqualTilde; ~ ≂̸",
        "&unknown; ~ &unknown;",
        "&; ~ &;",
        "&#39;&#x27;&#X27 ~ '''",
        "&#x1F600; ~ 😀",
        "&#128;&#x81;. ~ `€\u0081.`",
        "&#0;&#xD800;&#99999999;&#99999999999999999999; ~ ����",
        "a&#1;b&#65534;c&#127;d ~ abcd",
        "&#00000000000065; ~ A",
        "&#$1\\ ~ &#$1\\",
      })
  void readsReferencesAsPythonDoes(String text, String expected) {
    assertThat(HtmlEntities.unescape(text)).isEqualTo(expected);
  }
}
