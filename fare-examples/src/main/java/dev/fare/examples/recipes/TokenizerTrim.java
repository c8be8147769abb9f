package dev.fare.examples.recipes;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Cuts OpenAI's CLIP tokenizer down to its first merges, for a model whose token table must be
 * small: every text can still be written, in more and shorter pieces.
 *
 * <p>Arguments: the full {@code tokenizer.json}, the file to write, the size of the vocabulary.
 */
public final class TokenizerTrim {

  /** The 256 bytes, each inside a word and at a word's end. */
  private static final int BYTES = 512;

  private static final String START = "<|startoftext|>";
  private static final String END = "<|endoftext|>";

  private TokenizerTrim() {}

  /** Runs the trim. */
  public static void main(String[] args) throws IOException {
    if (args.length != 3) {
      throw new IllegalArgumentException(
          "three arguments needed: full tokenizer.json, file to write, vocabulary size");
    }
    Gson gson = new GsonBuilder().disableHtmlEscaping().create();
    JsonObject tokenizer = gson.fromJson(Files.readString(Path.of(args[0])), JsonObject.class);
    trim(tokenizer, Integer.parseInt(args[2]));
    Files.write(Path.of(args[1]), gson.toJson(tokenizer).getBytes(UTF_8));
  }

  private static void trim(JsonObject tokenizer, int size) {
    int merges = size - BYTES - 2;
    JsonObject model = tokenizer.getAsJsonObject("model");
    JsonArray kept = new JsonArray();
    for (int i = 0; i < merges; i++) {
      kept.add(model.getAsJsonArray("merges").get(i));
    }
    model.add("merges", kept);
    JsonObject vocabulary = new JsonObject();
    model
        .getAsJsonObject("vocab")
        .entrySet()
        .forEach(
            entry -> {
              if (entry.getValue().getAsInt() < BYTES + merges) {
                vocabulary.add(entry.getKey(), entry.getValue());
              }
            });
    vocabulary.addProperty(START, size - 2);
    vocabulary.addProperty(END, size - 1);
    model.add("vocab", vocabulary);
    tokenizer
        .getAsJsonArray("added_tokens")
        .forEach(
            token -> {
              JsonObject added = token.getAsJsonObject();
              boolean start = added.get("content").getAsString().equals(START);
              added.addProperty("id", start ? size - 2 : size - 1);
            });
    JsonObject processor = tokenizer.getAsJsonObject("post_processor");
    processor.add("sep", special(END, size - 1));
    processor.add("cls", special(START, size - 2));
  }

  private static JsonArray special(String token, int id) {
    JsonArray pair = new JsonArray();
    pair.add(token);
    pair.add(id);
    return pair;
  }
}
