package dev.fare.models.text;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class OpenAiTextTest {

  @TempDir private Path folder;

  static List<String> recordedTexts() throws Exception {
    return lines("ftfy.jsonl");
  }

  static List<String> recordedIds() throws Exception {
    return lines("openai-ids.jsonl");
  }

  private static List<String> lines(String name) throws Exception {
    return new String(TokenizerFileTest.resource(name), UTF_8).lines().toList();
  }

  /** Recorded from ftfy 6.3.1. */
  @ParameterizedTest
  @MethodSource("recordedTexts")
  void fixesTextAsFtfyDoes(String line) {
    JsonArray recorded = JsonParser.parseString(line).getAsJsonArray();

    assertThat(OpenAiText.fixed(recorded.get(0).getAsString()))
        .isEqualTo(recorded.get(1).getAsString());
  }

  /** Recorded from OpenAI's tokenize, with ftfy and without. */
  @ParameterizedTest
  @MethodSource("recordedIds")
  void hasTheIdsOfOpenAisTokenizer(String line) throws Exception {
    JsonObject recorded = JsonParser.parseString(line).getAsJsonObject();
    List<String> text = List.of(recorded.get("text").getAsString());
    long[] expected = ids(recorded.getAsJsonArray("openai_ids"));
    Path file = Files.write(folder.resolve("tokenizer.json"), ClipTokenizer.openAiJson());

    try (ClipTokenizer openAi = ClipTokenizer.openAi();
        ClipTokenizer cleaning = ClipTokenizer.load(file, TextCleaning.OPENAI);
        ClipTokenizer huggingFace = ClipTokenizer.load(file)) {
      assertThat(openAi.encode(text, 77)[0]).isEqualTo(expected);
      assertThat(cleaning.encode(text, 77)[0]).isEqualTo(expected);
      boolean isDecomposed = text.get(0).indexOf('\u0301') >= 0; // which Hugging Face's composes
      assertThat(huggingFace.encode(text, 77)[0])
          .isEqualTo(isDecomposed ? expected : ids(recorded.getAsJsonArray("without_ftfy")));
      assertThat(openAi)
          .hasToString(
              "CLIP tokenizer of OpenAI's vocabulary, texts cleaned as OpenAI's tokenize does");
      assertThat(huggingFace.toString()).endsWith("as Hugging Face's fast tokenizer takes them");
    }
  }

  /** By Python: {@code whitespace_clean(basic_clean(text)).lower()} of OpenAI's code. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "`  A \t\n PHOTO\u00a0 of ` ~ a photo of",
        "&amp;amp;lt;b&amp;gt; ~ <b>",
        "\u039f\u0394\u039f\u03a3 ~ \u03bf\u03b4\u03bf\u03c2",
        "a1\u03a3 \u03a3 \u03b1\u0301\u03a3. ~ a1\u03c3 \u03c3 \u03ac\u03c2.",
        "\u0130stanbul ~ i\u0307stanbul",
        "`\u0001a\u007f\ufeff` ~ a",
      })
  void leavesOneLineOfSmallLetters(String text, String expected) {
    assertThat(OpenAiText.cleaned(text)).isEqualTo(expected);
  }

  @Test
  void readsLongMojibakeWithoutADeepStack() {
    assertThat(OpenAiText.fixed("\u00c3\u00a9".repeat(50_000) + "\u65e5"))
        .isEqualTo("\u00e9".repeat(50_000) + "\u65e5");
    assertThat(OpenAiText.fixed("a\ud800b")).isEqualTo("a\ufffdb");
  }

  private static long[] ids(JsonArray array) {
    long[] ids = array.asList().stream().mapToLong(id -> id.getAsLong()).toArray();
    return Arrays.copyOf(ids, 77);
  }
}
