package dev.fare.models.text;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * OpenAI's byte-pair vocabulary, packed as its list of merges, in the form of a {@code
 * tokenizer.json}.
 */
final class OpenAiVocabulary {

  /** How many ids there are: bytes, bytes that end a word, merges, start and end. */
  static final int SIZE = 49_408;

  private static final String END_OF_WORD = "</w>";

  private OpenAiVocabulary() {}

  /**
   * The whole {@code tokenizer.json}.
   *
   * @param normalizes whether it normalises texts, or takes them as they are
   */
  static String toTokenizerJson(boolean normalizes) {
    try {
      Gson gson = new GsonBuilder().serializeNulls().create();
      JsonObject json;
      try (Reader skeleton = new InputStreamReader(resource("clip_tokenizer.json"), UTF_8)) {
        json = gson.fromJson(skeleton, JsonObject.class);
      }
      if (!normalizes) {
        json.add("normalizer", JsonNull.INSTANCE);
      }
      List<String> merges = merges();
      JsonObject vocabulary = new JsonObject();
      List<String> bytes = bytes();
      bytes.forEach(symbol -> vocabulary.addProperty(symbol, vocabulary.size()));
      bytes.forEach(symbol -> vocabulary.addProperty(symbol + END_OF_WORD, vocabulary.size()));
      JsonArray pairs = new JsonArray(merges.size());
      for (String merge : merges) {
        pairs.add(merge);
        vocabulary.addProperty(merge.replace(" ", ""), vocabulary.size());
      }
      vocabulary.addProperty("<|startoftext|>", SIZE - 2);
      vocabulary.addProperty("<|endoftext|>", SIZE - 1);
      JsonObject model = json.getAsJsonObject("model");
      model.add("vocab", vocabulary);
      model.add("merges", pairs);
      return gson.toJson(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static InputStream resource(String name) {
    return requireNonNull(OpenAiVocabulary.class.getResourceAsStream(name), name);
  }

  private static List<String> merges() throws IOException {
    try (InputStream packed = resource("clip_merges.txt.gz");
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(new GZIPInputStream(packed), UTF_8))) {
      return lines.lines().toList();
    }
  }

  /** A visible character for every byte, in the order of the ids: printable bytes come first. */
  private static List<String> bytes() {
    List<String> symbols = new ArrayList<>();
    List<String> standIns = new ArrayList<>();
    for (int value = 0; value < 256; value++) {
      boolean printable =
          (value >= '!' && value <= '~')
              || (value >= 0xA1 && value <= 0xAC)
              || (value >= 0xAE && value <= 0xFF);
      if (printable) {
        symbols.add(Character.toString(value));
      } else {
        standIns.add(Character.toString(256 + standIns.size()));
      }
    }
    symbols.addAll(standIns);
    return symbols;
  }
}
