package dev.fare.vlm.llava;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fare.io.ModelFormatException;
import dev.fare.io.StrictJson;
import dev.fare.models.export.gguf.GgufMetadata;
import dev.fare.vlm.language.EndTokens;
import dev.fare.vlm.language.LanguageTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A Llama's {@code tokenizer.json} as llama.cpp's vocabulary {@code llama}: pieces, scores and
 * types, from which it joins pieces as SentencePiece does.
 *
 * <p>There the two neighbours join whose joint piece has the best score; here those that come first
 * in the list of merges. Both give the same tokens where each way to join two pieces to a third one
 * is in the list, the ways to one piece beside each other, as in Llama's own file.
 */
final class LlamaVocabulary {

  private static final int NORMAL = 1;
  private static final int UNKNOWN = 2;
  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;
  private static final int UNUSED = 5;
  private static final int BYTE = 6;

  private static final String SPACE = "\u2581";
  private static final String PREFIX = "tokenizer.ggml.";
  private static final int BYTES = 256;

  private final List<String> pieces;
  private final List<Double> scores;
  private final List<Integer> types;
  private final Map<String, Integer> ids = new HashMap<>();
  private final JsonObject model;
  private final List<String> limits = new ArrayList<>();

  /**
   * Reads a file.
   *
   * @param size number of ids that the language model knows; pieces beyond are left out
   * @throws ModelFormatException if it is none that llama.cpp's vocabulary {@code llama} can be
   */
  LlamaVocabulary(Path file, int size) throws IOException {
    JsonObject json = StrictJson.read(file);
    model = json.getAsJsonObject("model");
    pieces = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      pieces.add("[PAD" + i + "]");
    }
    scores = new ArrayList<>(Collections.nCopies(size, 0.0));
    types = new ArrayList<>(Collections.nCopies(size, UNUSED));
    for (Map.Entry<String, JsonElement> entry : model.getAsJsonObject("vocab").entrySet()) {
      put(entry.getKey(), entry.getValue().getAsInt(), NORMAL);
    }
    if (!model.get("type").getAsString().equals("BPE") || !ids.containsKey(SPACE)) {
      throw new ModelFormatException(
          file
              + ": llama.cpp's file is written for tokenizers in SentencePiece's way alone, byte"
              + " pairs with '"
              + SPACE
              + "' for a space, as LLaVA-1.5 has; this one is another");
    }
    JsonElement added = json.get("added_tokens");
    for (JsonElement element : added instanceof JsonArray list ? list : new JsonArray()) {
      JsonObject token = element.getAsJsonObject();
      boolean isSpecial = token.has("special") && token.get("special").getAsBoolean();
      put(
          token.get("content").getAsString(),
          token.get("id").getAsInt(),
          isSpecial ? CONTROL : USER_DEFINED);
    }
    if (model.has("unk_token") && !model.get("unk_token").isJsonNull()) {
      String unknown = model.get("unk_token").getAsString();
      put(unknown, ids.getOrDefault(unknown, size), UNKNOWN);
    }
    readBytes();
    readMerges();
  }

  private void put(String piece, int id, int type) {
    if (id < pieces.size()) {
      ids.put(piece, id);
      pieces.set(id, piece);
      types.set(id, type);
    }
  }

  private void readBytes() {
    int found = 0;
    for (int i = 0; i < BYTES; i++) {
      String piece = "<0x%02X>".formatted(i);
      if (ids.containsKey(piece)) {
        put(piece, ids.get(piece), BYTE);
        found++;
      }
    }
    if (found < BYTES) {
      limits.add(
          "the tokenizer has %s of 256 bytes as pieces; llama.cpp fails on a character that is none"
              .formatted(found));
    }
  }

  /** A piece's score is the place of its first merge, counted downwards. */
  private void readMerges() {
    Set<String> pairs = new HashSet<>();
    Set<String> joined = new HashSet<>();
    String last = "";
    boolean isOrdered = true;
    for (JsonElement merge : model.getAsJsonArray("merges")) {
      String pair =
          merge instanceof JsonArray two
              ? two.get(0).getAsString() + " " + two.get(1).getAsString()
              : merge.getAsString();
      String piece = pair.replaceFirst(" ", "");
      pairs.add(pair);
      if (joined.add(piece)) {
        Integer id = ids.get(piece);
        if (id != null) {
          scores.set(id, (double) -joined.size());
        }
      } else {
        isOrdered &= piece.equals(last);
      }
      last = piece;
    }
    int unlisted = 0;
    for (int id = 0; id < pieces.size(); id++) {
      if (types.get(id) == NORMAL) {
        int missing = unlisted(pieces.get(id), pairs);
        unlisted += missing;
        if (missing > 0 && !joined.contains(pieces.get(id))) {
          scores.set(id, (double) -joined.size() - 1); // joined last, as here never
        }
      }
    }
    if (unlisted > 0 || !isOrdered) {
      limits.add(
          ("the tokenizer's merges leave out %s pairs that llama.cpp joins%s; it may split a text"
                  + " otherwise")
              .formatted(unlisted, isOrdered ? "" : ", and are in another order"));
    }
  }

  private int unlisted(String piece, Set<String> pairs) {
    int missing = 0;
    for (int i = 1; i < piece.length(); i++) {
      String left = piece.substring(0, i);
      String right = piece.substring(i);
      if (ids.containsKey(left) && ids.containsKey(right) && !pairs.contains(left + " " + right)) {
        missing++;
      }
    }
    return missing;
  }

  /** What llama.cpp does otherwise with this vocabulary, a sentence each. */
  List<String> limits() {
    return List.copyOf(limits);
  }

  /**
   * Puts it among a file's metadata.
   *
   * @param tokenizer the same file, which says what stands before a text
   */
  void putInto(GgufMetadata metadata, LanguageTokenizer tokenizer, EndTokens endings, int pad) {
    long[] before = tokenizer.encode("");
    long[] letter = tokenizer.encodeFurther("a");
    metadata
        .text(PREFIX + "model", "llama")
        .text(PREFIX + "pre", "default")
        .texts(PREFIX + "tokens", pieces)
        .reals(PREFIX + "scores", scores)
        .numbers(PREFIX + "token_type", types)
        .number(PREFIX + "eos_token_id", endings.ids().get(0))
        .number(PREFIX + "padding_token_id", Math.max(pad, 0))
        .flag(PREFIX + "add_bos_token", before.length == 1)
        .flag(PREFIX + "add_eos_token", false)
        .flag(
            PREFIX + "add_space_prefix",
            Arrays.stream(letter).limit(1).anyMatch(id -> pieces.get((int) id).startsWith(SPACE)));
    if (before.length == 1) {
      metadata.number(PREFIX + "bos_token_id", (int) before[0]);
    }
    if (endings.ids().size() > 1) {
      metadata.number(PREFIX + "eot_token_id", endings.ids().get(1));
    }
    int unknown = types.indexOf(UNKNOWN);
    if (unknown >= 0) {
      metadata.number(PREFIX + "unknown_token_id", unknown);
    }
  }
}
