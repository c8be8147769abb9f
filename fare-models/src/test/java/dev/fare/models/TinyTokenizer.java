package dev.fare.models;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A tokenizer of whole words for the tiny CLIP, whose 64 ids end with the start and the end. */
public final class TinyTokenizer {

  static final int START = 62;
  static final int END = 63;

  private static final List<String> WORDS =
      List.of("[UNK]", "this", "is", "a", "photo", "of", "cat", "dog", "remote", "control", ".");

  private static final String JSON =
      """
      {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {
          "type": "TemplateProcessing",
          "single": [
            {"SpecialToken": {"id": "[S]", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
            {"SpecialToken": {"id": "[E]", "type_id": 0}}
          ],
          "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
          "special_tokens": {
            "[S]": {"id": "[S]", "ids": [%1$d], "tokens": ["[S]"]},
            "[E]": {"id": "[E]", "ids": [%2$d], "tokens": ["[E]"]}
          }
        },
        "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {%3$s"[S]": %1$d, "[E]": %2$d}}
      }
      """;

  private TinyTokenizer() {}

  public static void write(Path directory) throws IOException {
    write(directory, START, END);
  }

  public static void write(Path directory, int start, int end) throws IOException {
    StringBuilder vocabulary = new StringBuilder();
    for (String word : WORDS) {
      vocabulary.append('"').append(word).append("\": ").append(id(word)).append(", ");
    }
    Files.writeString(directory.resolve("tokenizer.json"), JSON.formatted(start, end, vocabulary));
  }

  static long id(String word) {
    return WORDS.indexOf(word);
  }

  /** Ids of a sentence of known words, padded with zeros to the tiny CLIP's context. */
  public static long[] row(String... words) {
    long[] row = new long[TinyClip.TEXT.contextLength()];
    row[0] = START;
    for (int i = 0; i < words.length; i++) {
      row[i + 1] = id(words[i]);
    }
    row[words.length + 1] = END;
    return row;
  }
}
