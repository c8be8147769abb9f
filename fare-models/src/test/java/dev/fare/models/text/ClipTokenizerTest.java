package dev.fare.models.text;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.fare.io.ModelFormatException;
import dev.fare.models.ClipModel;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

class ClipTokenizerTest {

  private static final int CONTEXT = 77;
  private static final Path FULL_TOKENIZER =
      Path.of("../../shared/data/clip-tokenizer/tokenizer.json");

  private static JsonObject recorded;
  private static ClipTokenizer tokenizer;

  @TempDir private Path folder;

  @BeforeAll
  static void readTheRecordedIds() throws Exception {
    try (Reader reader =
        new InputStreamReader(
            Objects.requireNonNull(ClipModel.class.getResourceAsStream("vectors/h_tokenizer.json")),
            UTF_8)) {
      recorded = JsonParser.parseReader(reader).getAsJsonObject();
    }
    tokenizer = ClipTokenizer.openAi();
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  @Test
  void writesTheRowsOfOpenAisTokenizer() {
    JsonArray cases = recorded.getAsJsonArray("cases");
    List<String> texts = new ArrayList<>();
    List<long[]> expected = new ArrayList<>();
    for (JsonElement one : cases) {
      texts.add(one.getAsJsonObject().get("text").getAsString());
      long[] ids = longs(one.getAsJsonObject().get("ids_without_padding"));
      expected.add(Arrays.copyOf(ids, CONTEXT));
    }

    assertThat(tokenizer.encode(texts, CONTEXT)).isDeepEqualTo(expected.toArray(long[][]::new));
    assertThat(cases).hasSizeGreaterThan(10);
    assertThat(tokenizer.endToken()).isEqualTo(49407);
  }

  @Test
  void endsALongTextWithTheEndToken() {
    JsonObject truncated = recorded.getAsJsonObject("truncated");
    List<String> texts = List.of(truncated.get("text").getAsString());

    assertThat(tokenizer.encode(texts, CONTEXT)[0]).isEqualTo(longs(truncated.get("ids")));
    assertThat(tokenizer.encode(texts, 4)[0]).containsExactly(49406, 2653, 2653, 49407);
    assertThatThrownBy(() -> tokenizer.encode(texts, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("length 1");
  }

  @Test
  void manyThreadsEncodeAtOnce() throws Exception {
    List<String> texts = List.of("a photo of a cat", "1234567890", "&amp; html &lt;b&gt;");
    long[][] expected = tokenizer.encode(texts, CONTEXT);
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<long[][]>> rows = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        rows.add(threads.submit(() -> tokenizer.encode(texts, CONTEXT)));
      }
      for (Future<long[][]> row : rows) {
        assertThat(row.get()).isDeepEqualTo(expected);
      }
    } finally {
      threads.shutdown();
    }
  }

  @Test
  void refusesWhatIsNoClipTokenizer() throws Exception {
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, "{\"version\": \"1.0\"");
    assertThatThrownBy(() -> ClipTokenizer.load(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(file.toString());

    String whole = OpenAiVocabulary.toTokenizerJson(true);
    JsonObject bare = JsonParser.parseString(whole).getAsJsonObject();
    bare.remove("post_processor");
    Files.writeString(file, new Gson().toJson(bare));
    assertThatThrownBy(() -> ClipTokenizer.load(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("start and an end token");

    assertThatThrownBy(() -> ClipTokenizer.load(folder.resolve("none.json")))
        .isInstanceOf(IOException.class);
  }

  static boolean hasFullTokenizer() {
    return Files.exists(FULL_TOKENIZER);
  }

  @Test
  @EnabledIf("hasFullTokenizer")
  void thePackedVocabularyIsThatOfTheTokenizerFile() throws Exception {
    JsonElement published = JsonParser.parseString(Files.readString(FULL_TOKENIZER));

    assertThat(JsonParser.parseString(OpenAiVocabulary.toTokenizerJson(true))).isEqualTo(published);
  }

  private static long[] longs(JsonElement ids) {
    return new Gson().fromJson(ids, long[].class);
  }
}
