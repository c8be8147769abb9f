package dev.fare.models.text;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.huggingface.tokenizers.Encoding;
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
 * tokenize} writes it. {@link TextCleaning} says what becomes of a text before: OpenAI's own
 * vocabulary cleans it as OpenAI's code does, a file of Hugging Face's as it says itself. Safe for
 * use from many threads; nobody may use it after {@link #close}.
 */
public final class ClipTokenizer implements AutoCloseable {

  /** How many ids OpenAI's vocabulary has; a text tower of this size can use {@link #openAi}. */
  public static final int OPENAI_VOCABULARY = OpenAiVocabulary.SIZE;

  private final HuggingFaceTokenizer tokenizer;
  private final TextCleaning cleaning;
  private final String source;
  private final long endToken;
  private final List<String> ends;

  private ClipTokenizer(HuggingFaceTokenizer tokenizer, TextCleaning cleaning, String source)
      throws IOException {
    this.tokenizer = tokenizer;
    this.cleaning = cleaning;
    this.source = source;
    Encoding empty = tokenizer.encode("", true, false);
    if (empty.getIds().length != 2) {
      tokenizer.close();
      throw new ModelFormatException(
          source
              + ": a CLIP tokenizer writes a start and an end token around a text, this one wrote "
              + empty.getIds().length
              + " tokens around an empty text");
    }
    endToken = empty.getIds()[1];
    ends = List.of(empty.getTokens());
  }

  /**
   * Reads a {@code tokenizer.json}, to be used as Hugging Face's fast tokenizer uses it.
   *
   * @throws ModelFormatException if it is none that {@link TokenizerFile} takes, or puts no start
   *     and end token around a text
   */
  public static ClipTokenizer load(Path file) throws IOException {
    return load(file, TextCleaning.HUGGING_FACE);
  }

  /**
   * Reads a {@code tokenizer.json} for texts that are cleaned before.
   *
   * @throws ModelFormatException as {@link #load(Path)}
   */
  public static ClipTokenizer load(Path file, TextCleaning cleaning) throws IOException {
    try (InputStream json = Files.newInputStream(file)) {
      return load(json, cleaning, file.toString());
    }
  }

  /** Reads a {@code tokenizer.json} from a stream, which the caller closes. */
  public static ClipTokenizer load(InputStream json) throws IOException {
    return load(json, TextCleaning.HUGGING_FACE, "tokenizer.json");
  }

  /**
   * OpenAI's tokenizer, packed with this library, for CLIP weights that bring none: every CLIP with
   * a vocabulary of {@link #OPENAI_VOCABULARY} was trained with it. Texts are cleaned as there.
   */
  public static ClipTokenizer openAi() {
    try {
      byte[] json = OpenAiVocabulary.toTokenizerJson(false).getBytes(UTF_8);
      return load(new ByteArrayInputStream(json), TextCleaning.OPENAI, "OpenAI's vocabulary");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The same vocabulary as a Hugging Face {@code tokenizer.json}, which does not clean texts. */
  public static byte[] openAiJson() {
    return OpenAiVocabulary.toTokenizerJson(true).getBytes(UTF_8);
  }

  private static ClipTokenizer load(InputStream json, TextCleaning cleaning, String source)
      throws IOException {
    return new ClipTokenizer(TokenizerFile.open(json, source), cleaning, source);
  }

  /** The id that ends every text. */
  public long endToken() {
    return endToken;
  }

  /** What stands before and after every text: the tokens' own texts. */
  public List<String> ends() {
    return ends;
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
      String text = texts.get(i);
      String clean = cleaning == TextCleaning.OPENAI ? OpenAiText.cleaned(text) : text;
      long[] ids = tokenizer.encode(clean, true, false).getIds();
      int length = Math.min(ids.length, contextLength);
      System.arraycopy(ids, 0, rows[i], 0, length);
      rows[i][length - 1] = endToken;
    }
    return rows;
  }

  @Override
  public String toString() {
    return "CLIP tokenizer of "
        + source
        + (cleaning == TextCleaning.OPENAI
            ? ", texts cleaned as OpenAI's tokenize does"
            : ", texts as Hugging Face's fast tokenizer takes them");
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
