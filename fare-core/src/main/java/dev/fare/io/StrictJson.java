package dev.fare.io;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads and writes configuration files: strict JSON, no key twice, of bounded size and depth. */
public final class StrictJson {

  private static final int MAX_BYTES = 16 << 20;
  private static final int MAX_DEPTH = 64;

  private StrictJson() {}

  /**
   * Reads a file that holds one JSON object.
   *
   * @throws ModelFormatException if it is too large or not such a file
   */
  public static JsonObject read(Path file) throws IOException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_BYTES + 1);
    }
    if (bytes.length > MAX_BYTES) {
      throw new ModelFormatException(
          file + ": a configuration may have up to " + MAX_BYTES + " bytes, this one has more");
    }
    return parse(bytes, file.toString());
  }

  /**
   * Reads text that holds one JSON object; its size is the caller's to bound.
   *
   * @param utf8 the text
   * @param origin for messages
   * @throws ModelFormatException if it is no such text
   */
  public static JsonObject parse(byte[] utf8, String origin) throws ModelFormatException {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
    } catch (CharacterCodingException e) {
      throw new ModelFormatException(origin + ": the file is not valid UTF-8", e);
    }
    return parse(text, origin);
  }

  /** Writes an object as a whole file that people can read. */
  public static void write(Path file, JsonObject json) throws IOException {
    String text = new GsonBuilder().setPrettyPrinting().create().toJson(json) + "\n";
    AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
  }

  private static JsonObject parse(String text, String origin) throws ModelFormatException {
    JsonReader reader = new JsonReader(new StringReader(text));
    reader.setStrictness(Strictness.STRICT);
    try {
      JsonElement element = element(reader, origin, 0);
      if (!element.isJsonObject() || reader.peek() != JsonToken.END_DOCUMENT) {
        throw new ModelFormatException(origin + ": the file must hold one JSON object");
      }
      return element.getAsJsonObject();
    } catch (ModelFormatException e) {
      throw e;
    } catch (IOException | IllegalStateException | NumberFormatException e) {
      throw new ModelFormatException(origin + ": the file is not valid JSON: " + e.getMessage(), e);
    }
  }

  /**
   * Counts the depth itself: the Gson of a Spark cluster has no limit to set.
   *
   * @param depth objects and arrays around the element
   */
  private static JsonElement element(JsonReader reader, String origin, int depth)
      throws IOException {
    JsonToken next = reader.peek();
    if (depth >= MAX_DEPTH && (next == JsonToken.BEGIN_OBJECT || next == JsonToken.BEGIN_ARRAY)) {
      throw new ModelFormatException(
          origin + ": the file is not valid JSON: it is nested more than " + MAX_DEPTH + " deep");
    }
    return switch (next) {
      case BEGIN_OBJECT -> object(reader, origin, depth);
      case BEGIN_ARRAY -> array(reader, origin, depth);
      case STRING -> new JsonPrimitive(reader.nextString());
      case NUMBER -> new JsonPrimitive(number(reader.nextString()));
      case BOOLEAN -> new JsonPrimitive(reader.nextBoolean());
      default -> {
        reader.nextNull();
        yield JsonNull.INSTANCE;
      }
    };
  }

  private static Number number(String text) {
    if (text.matches("-?[0-9]{1,18}")) {
      return Long.valueOf(text);
    }
    return Double.valueOf(text);
  }

  private static JsonObject object(JsonReader reader, String origin, int depth) throws IOException {
    JsonObject object = new JsonObject();
    reader.beginObject();
    while (reader.hasNext()) {
      String name = reader.nextName();
      if (object.has(name)) {
        throw new ModelFormatException(origin + ": the key '" + name + "' is there twice");
      }
      object.add(name, element(reader, origin, depth + 1));
    }
    reader.endObject();
    return object;
  }

  private static JsonArray array(JsonReader reader, String origin, int depth) throws IOException {
    JsonArray array = new JsonArray();
    reader.beginArray();
    while (reader.hasNext()) {
      array.add(element(reader, origin, depth + 1));
    }
    reader.endArray();
    return array;
  }
}
