package dev.fare.vlm.language;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.fare.io.ModelFormatException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/** A language model's {@code tokenizer.json}; for use from many threads until it is closed. */
public final class LanguageTokenizer implements AutoCloseable {

  private static final long MAX_BYTES = 64L << 20;

  /** No padding and no truncation, whatever the file says; nothing is looked up elsewhere. */
  private static final Map<String, String> OPTIONS =
      Map.of("addSpecialTokens", "true", "truncation", "false", "padding", "false");

  private final HuggingFaceTokenizer tokenizer;

  private LanguageTokenizer(HuggingFaceTokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /**
   * Reads a {@code tokenizer.json}.
   *
   * @throws ModelFormatException if it is none or too large
   */
  public static LanguageTokenizer load(Path file) throws IOException {
    long size = Files.size(file);
    if (size > MAX_BYTES) {
      throw new ModelFormatException(
          file + ": a tokenizer.json may have at most " + MAX_BYTES + " bytes, this has " + size);
    }
    try (InputStream json = Files.newInputStream(file)) {
      return new LanguageTokenizer(HuggingFaceTokenizer.newInstance(json, OPTIONS));
    } catch (RuntimeException e) {
      throw new ModelFormatException(
          file + " is no tokenizer.json that can be used: " + e.getMessage(), e);
    }
  }

  /** A text's tokens, with what the tokenizer puts before (and after) a whole text. */
  public long[] encode(String text) {
    return tokenizer.encode(text, true, false).getIds();
  }

  /** The tokens of a text that goes on after others. */
  public long[] encodeFurther(String text) {
    return tokenizer.encode(text, false, false).getIds();
  }

  /** Whether a text is one token, this one. */
  public boolean isToken(String text, long id) {
    return Arrays.equals(encodeFurther(text), new long[] {id});
  }

  /** The text of tokens, without those that are no text. */
  public String decode(long[] ids) {
    return ids.length == 0 ? "" : tokenizer.decode(ids, true);
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
