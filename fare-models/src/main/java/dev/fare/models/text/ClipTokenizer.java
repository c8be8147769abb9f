package dev.fare.models.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * CLIP's byte-pair encoding, read from a Hugging Face {@code tokenizer.json}.
 *
 * <p>A row is the start token, the text's tokens, the end token, then zeros, as OpenAI's {@code
 * tokenize} writes it. Safe for use from many threads.
 */
public final class ClipTokenizer implements AutoCloseable {

  private final HuggingFaceTokenizer tokenizer;

  private ClipTokenizer(HuggingFaceTokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** Reads a {@code tokenizer.json}. */
  public static ClipTokenizer load(Path file) throws IOException {
    return new ClipTokenizer(HuggingFaceTokenizer.newInstance(file, options()));
  }

  /** Reads a {@code tokenizer.json} from a stream, which the caller closes. */
  public static ClipTokenizer load(InputStream json) throws IOException {
    return new ClipTokenizer(HuggingFaceTokenizer.newInstance(json, options()));
  }

  private static Map<String, String> options() {
    return Map.of("addSpecialTokens", "true", "truncation", "false", "padding", "false");
  }

  /**
   * Encodes texts.
   *
   * @param texts one a row
   * @param contextLength length of a row; a longer text keeps its first tokens and the end token
   * @return {@code [texts][contextLength]}
   */
  public long[][] encode(List<String> texts, int contextLength) {
    long[][] rows = new long[texts.size()][contextLength];
    for (int i = 0; i < rows.length; i++) {
      Encoding encoding = tokenizer.encode(texts.get(i), true, false);
      long[] ids = encoding.getIds();
      int length = Math.min(ids.length, contextLength);
      System.arraycopy(ids, 0, rows[i], 0, length);
      rows[i][length - 1] = ids[ids.length - 1];
    }
    return rows;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
