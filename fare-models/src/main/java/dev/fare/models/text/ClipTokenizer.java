package dev.fare.models.text;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.fare.io.ModelFormatException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * CLIP's byte-pair encoding, read from a Hugging Face {@code tokenizer.json} or OpenAI's own.
 *
 * <p>A row is the start token, the text's tokens, the end token, then zeros, as OpenAI's {@code
 * tokenize} writes it; like there, HTML's character references are resolved first, twice. Safe for
 * use from many threads; nobody may use it after {@link #close}.
 */
public final class ClipTokenizer implements AutoCloseable {

  /** How many ids OpenAI's vocabulary has; a text tower of this size can use {@link #openAi}. */
  public static final int OPENAI_VOCABULARY = OpenAiVocabulary.SIZE;

  private final HuggingFaceTokenizer tokenizer;
  private final long endToken;

  private ClipTokenizer(HuggingFaceTokenizer tokenizer, String source) throws IOException {
    this.tokenizer = tokenizer;
    long[] empty = tokenizer.encode("", true, false).getIds();
    if (empty.length != 2) {
      tokenizer.close();
      throw new ModelFormatException(
          source
              + ": a CLIP tokenizer writes a start and an end token around a text, this one wrote "
              + empty.length
              + " tokens around an empty text");
    }
    endToken = empty[1];
  }

  /**
   * Reads a {@code tokenizer.json}.
   *
   * @throws ModelFormatException if it is none that {@link TokenizerFile} takes, or puts no start
   *     and end token around a text
   */
  public static ClipTokenizer load(Path file) throws IOException {
    try (InputStream json = Files.newInputStream(file)) {
      return load(json, file.toString());
    }
  }

  /** Reads a {@code tokenizer.json} from a stream, which the caller closes. */
  public static ClipTokenizer load(InputStream json) throws IOException {
    return load(json, "tokenizer.json");
  }

  /**
   * OpenAI's tokenizer, packed with this library, for CLIP weights that bring none: every CLIP with
   * a vocabulary of {@link #OPENAI_VOCABULARY} was trained with it.
   */
  public static ClipTokenizer openAi() {
    try {
      return load(new ByteArrayInputStream(openAiJson()), "OpenAI's vocabulary");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The same as a Hugging Face {@code tokenizer.json}. */
  public static byte[] openAiJson() {
    return OpenAiVocabulary.toTokenizerJson().getBytes(UTF_8);
  }

  private static ClipTokenizer load(InputStream json, String source) throws IOException {
    return new ClipTokenizer(TokenizerFile.open(json, source), source);
  }

  /** The id that ends every text. */
  public long endToken() {
    return endToken;
  }

  /**
   * Encodes texts.
   *
   * @param texts one a row
   * @param contextLength length of a row, at least 2; a longer text keeps its first tokens and the
   *     end token
   * @return {@code [texts][contextLength]}
   */
  public long[][] encode(List<String> texts, int contextLength) {
    if (contextLength < 2) {
      throw new IllegalArgumentException(
          "the context must have room for the start and the end token, got length "
              + contextLength);
    }
    long[][] rows = new long[texts.size()][contextLength];
    for (int i = 0; i < rows.length; i++) {
      String text = HtmlEntities.unescape(HtmlEntities.unescape(texts.get(i)));
      long[] ids = tokenizer.encode(text, true, false).getIds();
      int length = Math.min(ids.length, contextLength);
      System.arraycopy(ids, 0, rows[i], 0, length);
      rows[i][length - 1] = endToken;
    }
    return rows;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
