package dev.fare.vlm.language;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.fare.io.ModelFormatException;
import dev.fare.models.text.TokenizerFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/** A language model's {@code tokenizer.json}; for use from many threads until it is closed. */
public final class LanguageTokenizer implements AutoCloseable {

  private final HuggingFaceTokenizer tokenizer;

  private LanguageTokenizer(HuggingFaceTokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /**
   * Reads a {@code tokenizer.json}.
   *
   * @throws ModelFormatException if it is none that {@link TokenizerFile} takes
   */
  public static LanguageTokenizer load(Path file) throws IOException {
    return new LanguageTokenizer(TokenizerFile.open(file));
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
