package dev.fare.models.text;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fare.io.ModelFormatException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What may stand in a {@code tokenizer.json} around its model: the parts that the tokenizers of
 * CLIP, Llama, GPT-NeoX, Gemma and their kin have, with values that the native code can bear.
 *
 * <p>The native code trusts its file. It panics, which ends the process, on a template with an
 * unknown token or a decoder that strips from the end, and a pattern may take it for ever.
 */
final class TokenizerParts {

  private static final int MAX_PARTS = 16;
  private static final int MAX_PIECES = 16;
  private static final int MAX_TYPE = 255;
  private static final int MAX_TOKEN = 256;

  private static final String TYPE = "type";
  private static final String PATTERN = "pattern";
  private static final String CONTENT = "content";
  private static final String REPLACEMENT = "replacement";
  private static final String REGEX = "Regex";

  private static final Set<String> BEHAVIORS =
      Set.of("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous");
  private static final Set<String> SCHEMES = Set.of("first", "never", "always");

  private static final Set<String> KNOWN_PATTERNS = knownPatterns();

  /** Checks one part, of whatever kind. */
  interface Rule {
    void check(JsonPart part, TokenIds tokens) throws ModelFormatException;
  }

  private static final Rule NOTHING = (part, tokens) -> {};

  static final Map<String, Rule> NORMALIZERS =
      Map.of(
          "NFC", NOTHING,
          "NFD", NOTHING,
          "NFKC", NOTHING,
          "NFKD", NOTHING,
          "Lowercase", NOTHING,
          "StripAccents", NOTHING,
          "Strip", (part, tokens) -> flags(part, "strip_left", "strip_right"),
          "Prepend", (part, tokens) -> part.text("prepend", 1, 1),
          "Replace", (part, tokens) -> replace(part));

  static final Map<String, Rule> PRE_TOKENIZERS =
      Map.of(
          "Whitespace", NOTHING,
          "WhitespaceSplit", NOTHING,
          "Digits", (part, tokens) -> flags(part, "individual_digits"),
          "ByteLevel", (part, tokens) -> byteLevel(part),
          "Metaspace", (part, tokens) -> metaspace(part),
          "Split", (part, tokens) -> split(part));

  static final Map<String, Rule> POST_PROCESSORS =
      Map.of(
          "ByteLevel", (part, tokens) -> byteLevel(part),
          "BertProcessing", TokenizerParts::around,
          "RobertaProcessing", TokenizerParts::roberta,
          "TemplateProcessing", TokenizerParts::template);

  static final Map<String, Rule> DECODERS =
      Map.of(
          "ByteFallback", NOTHING,
          "Fuse", NOTHING,
          "ByteLevel", (part, tokens) -> byteLevel(part),
          "Metaspace", (part, tokens) -> metaspace(part),
          "Replace", (part, tokens) -> replace(part),
          "Strip", (part, tokens) -> strip(part));

  private TokenizerParts() {}

  /** Checks everything around the model. */
  static void check(JsonPart file, TokenIds tokens) throws ModelFormatException {
    part(file, "normalizer", "normalizers", NORMALIZERS, tokens);
    part(file, "pre_tokenizer", "pretokenizers", PRE_TOKENIZERS, tokens);
    part(file, "post_processor", "processors", POST_PROCESSORS, tokens);
    part(file, "decoder", "decoders", DECODERS, tokens);
  }

  private static void part(
      JsonPart file, String key, String members, Map<String, Rule> rules, TokenIds tokens)
      throws ModelFormatException {
    if (!file.has(key)) {
      return;
    }
    JsonPart part = JsonPart.of(file.element(key), file.place(key));
    JsonElement type = part.element(TYPE);
    if (!type.isJsonPrimitive() || !type.getAsString().equals("Sequence")) {
      one(part, rules, tokens);
      return;
    }
    if (!part.has(members)) {
      throw part.refusal(members, "is missing");
    }
    int index = 0;
    for (JsonElement member : part.list(members, MAX_PARTS)) {
      one(JsonPart.of(member, part.place(members) + "[" + index + "]"), rules, tokens);
      index++;
    }
    part.noOther();
  }

  private static void one(JsonPart part, Map<String, Rule> rules, TokenIds tokens)
      throws ModelFormatException {
    String type = part.word(TYPE, rules.keySet().stream().sorted().toList());
    requireNonNull(rules.get(type)).check(part, tokens);
    part.noOther();
  }

  private static void flags(JsonPart part, String... keys) throws ModelFormatException {
    for (String key : keys) {
      if (!part.has(key)) {
        throw part.refusal(key, "is missing");
      }
      part.flag(key, false);
    }
  }

  private static void byteLevel(JsonPart part) throws ModelFormatException {
    flags(part, "add_prefix_space", "trim_offsets");
    part.flag("use_regex", true);
  }

  private static void metaspace(JsonPart part) throws ModelFormatException {
    String replacement = part.text(REPLACEMENT, 1, 1);
    if (part.has("str_rep") && !part.text("str_rep", 1, 1).equals(replacement)) {
      throw part.refusal("str_rep", "must be the replacement");
    }
    String scheme = part.has("prepend_scheme") ? part.word("prepend_scheme", SCHEMES) : "always";
    if (!part.flag("add_prefix_space", true) && !scheme.equals("never")) {
      throw part.refusal("add_prefix_space", "contradicts the prepend_scheme");
    }
    part.flag("split", true);
  }

  /** One character at most takes a match's place, or parts in a row could grow a text at will. */
  private static void replace(JsonPart part) throws ModelFormatException {
    pattern(part);
    part.text(CONTENT, 0, 1);
  }

  private static void split(JsonPart part) throws ModelFormatException {
    pattern(part);
    part.word("behavior", BEHAVIORS);
    flags(part, "invert");
  }

  private static void pattern(JsonPart part) throws ModelFormatException {
    JsonPart pattern = JsonPart.of(part.element(PATTERN), part.place(PATTERN));
    if (pattern.has(REGEX)) {
      String regex = pattern.text(REGEX, 1, 1000);
      if (!KNOWN_PATTERNS.contains(regex)) {
        throw pattern.refusal(
            REGEX,
            "'"
                + regex
                + "' is none of the patterns that published tokenizers use; others might never"
                + " end");
      }
    } else {
      pattern.text("String", 1, MAX_PIECES);
    }
    pattern.noOther();
  }

  /** Cutting at the end of a text that is shorter makes the native code panic. */
  private static void strip(JsonPart part) throws ModelFormatException {
    part.text(CONTENT, 1, 1);
    part.integer("start", 0, MAX_PIECES);
    part.integer("stop", 0, 0);
  }

  private static void roberta(JsonPart part, TokenIds tokens) throws ModelFormatException {
    around(part, tokens);
    flags(part, "add_prefix_space", "trim_offsets");
  }

  /** The pairs of token and id that stand before and after a text. */
  private static void around(JsonPart part, TokenIds tokens) throws ModelFormatException {
    for (String key : List.of("cls", "sep")) {
      List<JsonElement> pair = part.list(key, 2);
      if (pair.size() != 2 || !pair.get(0).isJsonPrimitive()) {
        throw part.refusal(key, "must be a token and its id");
      }
      int id = JsonPart.integer(pair.get(1), part.place(key), 0, TokenIds.MAX_ID);
      tokens.check(pair.get(0).getAsString(), id, part.place(key));
    }
  }

  private static void template(JsonPart part, TokenIds tokens) throws ModelFormatException {
    JsonObject specials = part.object("special_tokens");
    JsonPart named = JsonPart.of(specials, part.place("special_tokens"));
    for (String name : specials.keySet()) {
      special(JsonPart.of(named.element(name), named.place(name)), name, tokens);
    }
    pieces(part, "single", specials.keySet(), Set.of("A"));
    pieces(part, "pair", specials.keySet(), Set.of("A", "B"));
  }

  private static void special(JsonPart part, String name, TokenIds tokens)
      throws ModelFormatException {
    if (!part.text("id", 1, MAX_TOKEN).equals(name)) {
      throw part.refusal("id", "must be '" + name + "', the name of its entry");
    }
    List<JsonElement> ids = part.list("ids", MAX_PIECES);
    List<String> texts = part.texts("tokens", MAX_PIECES);
    if (ids.isEmpty() || ids.size() != texts.size()) {
      throw part.refusal("ids", "must have as many entries as tokens, and one at least");
    }
    for (int i = 0; i < texts.size(); i++) {
      int id = JsonPart.integer(ids.get(i), part.place("ids"), 0, TokenIds.MAX_ID);
      tokens.check(texts.get(i), id, part.place("ids"));
    }
    part.noOther();
  }

  /** A template's pieces; each of its texts must be there, once. */
  private static void pieces(JsonPart part, String key, Set<String> specials, Set<String> texts)
      throws ModelFormatException {
    int found = 0;
    for (JsonElement element : part.list(key, MAX_PIECES)) {
      JsonPart piece = JsonPart.of(element, part.place(key));
      boolean isText = piece.has("Sequence");
      String kind = isText ? "Sequence" : "SpecialToken";
      JsonPart content = JsonPart.of(piece.element(kind), piece.place(kind));
      content.word("id", isText ? texts : specials);
      content.integer("type_id", 0, MAX_TYPE);
      content.noOther();
      piece.noOther();
      found += isText ? 1 : 0;
    }
    if (found != texts.size()) {
      throw part.refusal(key, "must have each text of " + texts + " in it once");
    }
  }

  private static Set<String> knownPatterns() {
    try (InputStream in = TokenizerParts.class.getResourceAsStream("known_patterns.txt")) {
      return Set.of(new String(requireNonNull(in).readAllBytes(), UTF_8).split("\n"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
