package dev.fare.models.text;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import dev.fare.io.ModelFormatException;
import dev.fare.io.StrictJson;
import dev.fare.torch.NativeLibraries;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Opens Hugging Face's {@code tokenizer.json}: the one way into the native tokenizer.
 *
 * <p>The native code ends the process on a damaged file. Here each value is checked before: strict
 * JSON, byte-pair or word vocabularies, the parts that the tokenizers of CLIP, Llama, GPT-NeoX and
 * Gemma have, patterns that published tokenizers use, ids that agree with each other. What passes
 * is written anew and handed on; anything else is refused by name.
 */
public final class TokenizerFile {

  /** More than the largest tokenizer of the families that are read, Gemma 3's, has. */
  private static final int MAX_BYTES = 40 << 20;

  /** More values than Gemma 3's tokenizer has; bounds the memory that a hostile file takes. */
  private static final int MAX_VALUES = 3_000_000;

  private static final String POINTER = "version https://git-lfs.github.com/spec/";

  /** No padding and no truncation, whatever the file says; nothing is looked up elsewhere. */
  private static final Map<String, String> OPTIONS =
      Map.of("addSpecialTokens", "true", "truncation", "false", "padding", "false");

  private static final Gson GSON =
      new GsonBuilder().serializeNulls().disableHtmlEscaping().create();

  private TokenizerFile() {}

  /**
   * Opens a file.
   *
   * @return a tokenizer without padding and truncation, which the caller closes
   * @throws ModelFormatException if it is no tokenizer that can be used; names file and key
   * @throws IOException if it can't be read, or the native tokenizer can't be loaded
   */
  public static HuggingFaceTokenizer open(Path file) throws IOException {
    try (InputStream json = Files.newInputStream(file)) {
      return open(json, file.toString());
    }
  }

  /**
   * Opens a stream.
   *
   * @param source for messages
   */
  static HuggingFaceTokenizer open(InputStream json, String source) throws IOException {
    return open(json.readNBytes(MAX_BYTES + 1), source);
  }

  private static HuggingFaceTokenizer open(byte[] bytes, String source) throws IOException {
    byte[] checked = checked(bytes, source);
    try {
      return HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(checked), OPTIONS);
    } catch (EngineException e) {
      throw new IOException(NativeLibraries.reason(e).orElse(e.getMessage()), e);
    } catch (RuntimeException e) {
      throw new ModelFormatException(
          source + " is no tokenizer.json that can be used: " + e.getMessage(), e);
    }
  }

  /** The same tokenizer in words of ours, checked. */
  static byte[] checked(byte[] bytes, String source) throws IOException {
    if (bytes.length > MAX_BYTES) {
      throw new ModelFormatException(
          source + ": a tokenizer.json may have up to " + MAX_BYTES + " bytes, this has more");
    }
    if (new String(bytes, 0, Math.min(bytes.length, POINTER.length()), UTF_8).equals(POINTER)) {
      throw new ModelFormatException(
          source
              + " is a pointer of Git LFS, not the file itself; fetch it with 'git lfs pull', or"
              + " download the file");
    }
    int values = values(bytes);
    if (values > MAX_VALUES) {
      throw new ModelFormatException(
          source + ": a tokenizer.json may have up to " + MAX_VALUES + " values, this has more");
    }
    JsonObject json = StrictJson.parse(bytes, source);
    JsonPart file = JsonPart.of(json, source + ": tokenizer");
    file.element("version");
    file.element("truncation");
    file.element("padding");
    TokenizerParts.check(file, TokenIds.check(file));
    file.noOther();
    json.add("truncation", JsonNull.INSTANCE);
    json.add("padding", JsonNull.INSTANCE);
    ByteArrayOutputStream written = new ByteArrayOutputStream(bytes.length);
    try (Writer writer = new OutputStreamWriter(written, UTF_8)) {
      GSON.toJson(json, writer);
    }
    return written.toByteArray();
  }

  /** How many values a text of JSON has at most. */
  private static int values(byte[] json) {
    int values = 1;
    for (byte character : json) {
      if (character == ',' || character == '[' || character == '{') {
        values++;
      }
    }
    return values;
  }
}
