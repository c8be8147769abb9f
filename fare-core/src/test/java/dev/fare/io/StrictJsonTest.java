package dev.fare.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class StrictJsonTest {

  private static final int MAX_BYTES = 16 << 20;

  @TempDir Path folder;

  @Test
  void readsEveryKindOfValue() throws IOException {
    JsonObject json = parse("{\"a\": [1, [2.5], {}], \"t\": true, \"f\": false, \"n\": null}");

    assertThat(json.toString()).isEqualTo("{\"a\":[1,[2.5],{}],\"t\":true,\"f\":false,\"n\":null}");
    assertThat(json.get("t").getAsBoolean()).isTrue();
    assertThat(json.get("n").isJsonNull()).isTrue();
    assertThat(json.get("a").getAsJsonArray()).hasSize(3);
  }

  /** Whole numbers of up to 18 digits are exact; what has more is the nearest double. */
  @ParameterizedTest
  @CsvSource({
    "999999999999999999, java.lang.Long, 999999999999999999",
    "-999999999999999999, java.lang.Long, -999999999999999999",
    "1000000000000000000, java.lang.Double, 1.0E18",
    "1e3, java.lang.Double, 1000.0",
    "-0.5, java.lang.Double, -0.5"
  })
  void keepsWholeNumbersExact(String number, Class<?> type, String expected) throws IOException {
    Number value = parse("{\"x\": " + number + "}").get("x").getAsNumber();

    assertThat(value).isInstanceOf(type).hasToString(expected);
  }

  static Stream<Arguments> refused() {
    return Stream.of(
        Arguments.of("", "not valid JSON"),
        Arguments.of("[1]", "must hold one JSON object"),
        Arguments.of("{} {}", "not valid JSON"),
        Arguments.of("{\"a\": 1", "not valid JSON"),
        Arguments.of("{a: 1}", "not valid JSON"),
        Arguments.of("{\"a\": 1,}", "not valid JSON"),
        Arguments.of("{\"a\": NaN}", "not valid JSON"),
        Arguments.of("{\"a\": 'b'}", "not valid JSON"),
        Arguments.of("{\"a\": 1} // end", "not valid JSON"),
        Arguments.of("{\"a\": 1, \"b\": {\"c\": 1, \"c\": 2}}", "the key 'c' is there twice"));
  }

  @ParameterizedTest
  @MethodSource("refused")
  void refusesWhatIsNoStrictJsonByTheFilesName(String text, String message) {
    assertThatThrownBy(() -> parse(text))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageStartingWith("config.json: ")
        .hasMessageContaining(message);
  }

  @Test
  void boundsTheDepth() throws IOException {
    String deepest = "{\"a\":" + "[".repeat(63) + "]".repeat(63) + "}";

    assertThat(parse(deepest).toString()).isEqualTo(deepest);
    assertThatThrownBy(() -> parse("{\"a\":" + "[".repeat(64) + "]".repeat(64) + "}"))
        .isInstanceOf(ModelFormatException.class);
  }

  @Test
  void boundsTheSize() throws IOException {
    Path file = folder.resolve("config.json");
    Files.writeString(file, "{}" + " ".repeat(MAX_BYTES - 2));
    assertThat(StrictJson.read(file).isEmpty()).isTrue();

    Files.writeString(file, "{}" + " ".repeat(MAX_BYTES - 1));
    assertThatThrownBy(() -> StrictJson.read(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("up to " + MAX_BYTES + " bytes");
  }

  @Test
  void refusesTextThatIsNotUtf8() {
    assertThatThrownBy(() -> StrictJson.parse(new byte[] {'{', (byte) 0xff, '}'}, "x.json"))
        .isInstanceOf(ModelFormatException.class)
        .hasMessage("x.json: the file is not valid UTF-8");
  }

  @Test
  void writesWhatAnotherReaderReads() throws IOException {
    JsonObject json = parse("{\"name\": \"é\", \"sizes\": [1, 2]}");
    Path file = folder.resolve("config.json");

    StrictJson.write(file, json);

    assertThat(JsonParser.parseString(Files.readString(file))).isEqualTo(json);
    assertThat(Files.readString(file)).endsWith("}\n").contains("\n  \"name\": \"é\"");
  }

  private static JsonObject parse(String text) throws ModelFormatException {
    return StrictJson.parse(text.getBytes(StandardCharsets.UTF_8), "config.json");
  }
}
