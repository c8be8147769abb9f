package dev.fare.models.text;

import com.google.common.base.CharMatcher;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.fare.io.ModelFormatException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The ids of a {@code tokenizer.json}: its model's vocabulary and the tokens added to it. */
final class TokenIds {

  /** Larger than any published vocabulary. */
  static final int MAX_ID = (1 << 24) - 1;

  /** The native code compares each added token with every other. */
  private static final int MAX_ADDED = 10_000;

  private static final int MAX_ADDED_LENGTH = 256;
  private static final String VOCABULARY = "vocab";
  private static final String UNKNOWN = "unk_token";
  private static final String CONTENT = "content";

  private final Map<String, Integer> ids = new HashMap<>();
  private final String place;

  private TokenIds(String place) {
    this.place = place;
  }

  /** Reads and checks the model and the added tokens. */
  static TokenIds check(JsonPart file) throws ModelFormatException {
    JsonPart model = JsonPart.of(file.element("model"), file.place("model"));
    TokenIds tokens = new TokenIds(model.place(VOCABULARY));
    String type = model.word("type", List.of("BPE", "WordLevel"));
    tokens.vocabulary(model.object(VOCABULARY));
    if (model.has(UNKNOWN)) {
      String unknown = model.text(UNKNOWN, 1, MAX_ADDED_LENGTH);
      if (!tokens.ids.containsKey(unknown)) {
        throw model.refusal(UNKNOWN, "'" + unknown + "' is not in the vocabulary");
      }
    } else if (type.equals("WordLevel")) {
      throw model.refusal(UNKNOWN, "is missing");
    }
    if (type.equals("BPE")) {
      tokens.bytePairs(model);
    }
    model.noOther();
    tokens.added(file);
    return tokens;
  }

  /** That a token has an id. */
  void check(String token, int id, String where) throws ModelFormatException {
    Integer own = ids.get(token);
    if (own == null || own != id) {
      throw new ModelFormatException(
          where
              + " gives token '"
              + token
              + "' the id "
              + id
              + ", but "
              + (own == null ? "there is no such token" : "its id is " + own)
              + " in "
              + place
              + " and added_tokens");
    }
  }

  private void vocabulary(JsonObject vocabulary) throws ModelFormatException {
    if (vocabulary.isEmpty()) {
      throw new ModelFormatException(place + " is empty");
    }
    Set<Integer> taken = new HashSet<>();
    for (Map.Entry<String, JsonElement> entry : vocabulary.entrySet()) {
      String token = JsonPart.text(entry.getKey(), place);
      int id = JsonPart.integer(entry.getValue(), place, 0, MAX_ID);
      if (!taken.add(id)) {
        throw new ModelFormatException(place + " gives the id " + id + " to two tokens");
      }
      ids.put(token, id);
    }
  }

  private void bytePairs(JsonPart model) throws ModelFormatException {
    if (model.has("dropout")
        && !(model.element("dropout") instanceof JsonPrimitive value
            && value.isNumber()
            && value.getAsDouble() == 0)) {
      throw model.refusal("dropout", "must be null or 0: a text has the same tokens each time");
    }
    if (model.has("continuing_subword_prefix")) {
      model.text("continuing_subword_prefix", 0, 0); // the native code cuts it off any token
    }
    if (model.has("end_of_word_suffix")) {
      model.text("end_of_word_suffix", 0, 16);
    }
    model.flag("fuse_unk", false);
    model.flag("byte_fallback", false);
    model.flag("ignore_merges", false);
    for (JsonElement merge : model.list("merges", Integer.MAX_VALUE)) {
      checkMerge(merge, model);
    }
  }

  private void checkMerge(JsonElement merge, JsonPart model) throws ModelFormatException {
    String first = "";
    String second = "";
    if (merge.isJsonArray()
        && merge.getAsJsonArray().size() == 2
        && merge.getAsJsonArray().get(0) instanceof JsonPrimitive left
        && merge.getAsJsonArray().get(1) instanceof JsonPrimitive right
        && left.isString()
        && right.isString()) {
      first = left.getAsString();
      second = right.getAsString();
    } else if (merge instanceof JsonPrimitive pair && pair.isString()) {
      int space = pair.getAsString().indexOf(' ');
      first = pair.getAsString().substring(0, Math.max(space, 0));
      second = pair.getAsString().substring(space + 1);
    }
    if (!ids.containsKey(first) || !ids.containsKey(second) || !ids.containsKey(first + second)) {
      throw model.refusal(
          "merges", "must have pairs of tokens that make a token, has " + shortened(merge));
    }
  }

  /** Native code numbers added tokens itself; ids that differ from its numbers are an error. */
  private void added(JsonPart file) throws ModelFormatException {
    int next = ids.size();
    Set<String> seen = new HashSet<>();
    boolean strips = false;
    boolean hasSpace = false;
    int index = 0;
    for (JsonElement element : file.list("added_tokens", MAX_ADDED)) {
      JsonPart token = JsonPart.of(element, file.place("added_tokens[" + index + "]"));
      String content = token.text(CONTENT, 1, MAX_ADDED_LENGTH);
      int id = token.integer("id", 0, MAX_ID);
      if (!seen.add(content)) {
        throw token.refusal(CONTENT, "'" + content + "' is added twice");
      }
      if (!ids.containsKey(content)) {
        ids.put(content, next);
      }
      check(content, id, token.place("id"));
      next = Math.max(next, id + 1);
      strips |= token.flag("lstrip", false) | token.flag("rstrip", false);
      hasSpace |= CharMatcher.whitespace().matchesAnyOf(content);
      token.flag("single_word", false);
      token.flag("normalized", false);
      token.flag("special", false);
      token.noOther();
      index++;
    }
    if (strips && hasSpace) {
      throw file.refusal(
          "added_tokens",
          "take the white space beside them (lstrip, rstrip) and have some in them");
    }
  }

  private static String shortened(JsonElement element) {
    String text = element.toString();
    return text.length() > 80 ? text.substring(0, 80) + "…" : text;
  }
}
