package dev.fare.examples.recipes;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Learns a byte-pair vocabulary (Sennrich et al., 2016) from texts and writes it as a {@code
 * tokenizer.json} in the manner of Llama's: spaces are a visible character, which begins a word.
 */
final class BytePairTraining {

  /** The special tokens, in the order of their ids. */
  static final List<String> SPECIAL = List.of("<unk>", "<s>", "</s>", "<pad>", "<image>");

  private static final String SPACE = "\u2581";

  private record Pair(String left, String right) {}

  private final List<String> vocabulary = new ArrayList<>(SPECIAL);
  private final List<Pair> merges = new ArrayList<>();

  /**
   * Merges the most frequent pairs until the vocabulary is full, or no pair is there twice.
   *
   * @param size of the vocabulary
   */
  BytePairTraining(List<String> texts, int size) {
    Map<List<String>, Integer> words = words(texts);
    SortedSet<String> characters = new TreeSet<>();
    for (char c = '!'; c <= '~'; c++) {
      characters.add(Character.toString(c));
    }
    characters.add(SPACE);
    characters.add("\n");
    vocabulary.addAll(characters);
    while (vocabulary.size() < size) {
      Map<Pair, Integer> counts = new HashMap<>();
      words.forEach(
          (word, count) -> {
            for (int i = 0; i + 1 < word.size(); i++) {
              counts.merge(new Pair(word.get(i), word.get(i + 1)), count, Integer::sum);
            }
          });
      // ties are broken by the texts of the pair, so that the result is always the same
      Map.Entry<Pair, Integer> best =
          counts.entrySet().stream()
              .max(
                  Map.Entry.<Pair, Integer>comparingByValue()
                      .thenComparing(e -> e.getKey().left(), Comparator.reverseOrder())
                      .thenComparing(e -> e.getKey().right(), Comparator.reverseOrder()))
              .orElse(null);
      if (best == null || best.getValue() < 2) {
        break;
      }
      merges.add(best.getKey());
      vocabulary.add(best.getKey().left() + best.getKey().right());
      words = merged(words, best.getKey());
    }
  }

  private static Map<List<String>, Integer> words(List<String> texts) {
    Map<List<String>, Integer> words = new HashMap<>();
    for (String text : texts) {
      for (String word : text.split("(?= )|(?<=\n)|(?=\n)", -1)) {
        String marked = word.startsWith(" ") ? SPACE + word.substring(1) : word;
        words.merge(marked.chars().mapToObj(Character::toString).toList(), 1, Integer::sum);
      }
    }
    return words;
  }

  private static Map<List<String>, Integer> merged(Map<List<String>, Integer> words, Pair pair) {
    Map<List<String>, Integer> merged = new HashMap<>();
    words.forEach(
        (word, count) -> {
          List<String> joined = new ArrayList<>();
          for (int i = 0; i < word.size(); i++) {
            boolean fits =
                i + 1 < word.size()
                    && word.get(i).equals(pair.left())
                    && word.get(i + 1).equals(pair.right());
            joined.add(fits ? pair.left() + pair.right() : word.get(i));
            i += fits ? 1 : 0;
          }
          merged.merge(joined, count, Integer::sum);
        });
    return merged;
  }

  /** The number of tokens. */
  int size() {
    return vocabulary.size();
  }

  /** The whole {@code tokenizer.json}. */
  JsonObject toTokenizerJson() {
    JsonObject json = new JsonObject();
    json.addProperty("version", "1.0");
    JsonArray added = new JsonArray();
    for (String token : SPECIAL) {
      JsonObject special = new JsonObject();
      special.addProperty("id", SPECIAL.indexOf(token));
      special.addProperty("content", token);
      for (String flag : List.of("single_word", "lstrip", "rstrip", "normalized")) {
        special.addProperty(flag, false);
      }
      special.addProperty("special", true);
      added.add(special);
    }
    json.add("added_tokens", added);
    JsonArray normalizers = new JsonArray();
    JsonObject prepend = typed("Prepend");
    prepend.addProperty("prepend", SPACE);
    normalizers.add(prepend);
    normalizers.add(replace(" ", SPACE));
    json.add("normalizer", sequence("normalizers", normalizers));
    json.add("post_processor", startBefore());
    JsonArray decoders = new JsonArray();
    decoders.add(replace(SPACE, " "));
    decoders.add(typed("Fuse"));
    JsonObject strip = typed("Strip");
    strip.addProperty("content", " ");
    strip.addProperty("start", 1);
    strip.addProperty("stop", 0);
    decoders.add(strip);
    json.add("decoder", sequence("decoders", decoders));
    json.add("model", model());
    return json;
  }

  private JsonObject model() {
    JsonObject model = typed("BPE");
    model.addProperty("unk_token", SPECIAL.get(0));
    model.addProperty("fuse_unk", true);
    model.addProperty("byte_fallback", false);
    JsonObject ids = new JsonObject();
    vocabulary.forEach(token -> ids.addProperty(token, ids.size()));
    model.add("vocab", ids);
    JsonArray pairs = new JsonArray();
    merges.forEach(pair -> pairs.add(pair.left() + " " + pair.right()));
    model.add("merges", pairs);
    return model;
  }

  private static JsonObject startBefore() {
    JsonObject start = new JsonObject();
    start.addProperty("id", "<s>");
    start.addProperty("type_id", 0);
    JsonArray single = new JsonArray();
    single.add(wrapped("SpecialToken", start));
    single.add(wrapped("Sequence", text("A", 0)));
    JsonArray pair = single.deepCopy();
    pair.add(wrapped("Sequence", text("B", 1)));
    JsonArray ids = new JsonArray();
    ids.add(SPECIAL.indexOf("<s>"));
    JsonArray tokens = new JsonArray();
    tokens.add("<s>");
    JsonObject token = new JsonObject();
    token.addProperty("id", "<s>");
    token.add("ids", ids);
    token.add("tokens", tokens);
    JsonObject template = typed("TemplateProcessing");
    template.add("single", single);
    template.add("pair", pair);
    template.add("special_tokens", wrapped("<s>", token));
    return template;
  }

  private static JsonObject text(String id, int type) {
    JsonObject text = new JsonObject();
    text.addProperty("id", id);
    text.addProperty("type_id", type);
    return text;
  }

  private static JsonObject replace(String what, String by) {
    JsonObject pattern = new JsonObject();
    pattern.addProperty("String", what);
    JsonObject replace = typed("Replace");
    replace.add("pattern", pattern);
    replace.addProperty("content", by);
    return replace;
  }

  private static JsonObject sequence(String key, JsonArray parts) {
    JsonObject sequence = typed("Sequence");
    sequence.add(key, parts);
    return sequence;
  }

  private static JsonObject typed(String type) {
    JsonObject json = new JsonObject();
    json.addProperty("type", type);
    return json;
  }

  private static JsonObject wrapped(String key, JsonObject value) {
    JsonObject json = new JsonObject();
    json.add(key, value);
    return json;
  }
}
