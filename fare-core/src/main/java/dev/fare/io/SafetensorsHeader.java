package dev.fare.io;

import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The header of a safetensors file, checked by the reference implementation's rules.
 *
 * @param metadata the free-form strings under {@code __metadata__}
 * @param entries the tensors by name, in the order of their data
 */
record SafetensorsHeader(Map<String, String> metadata, Map<String, Entry> entries) {

  private static final String METADATA = "__metadata__";
  private static final int MAX_DIMENSIONS = 64;

  /** Where a tensor lies, counted from the end of the header. */
  record Entry(String type, Shape shape, long begin, long end) {

    /** Empty where this library can't read such elements. */
    Optional<ElementType> elements() {
      return ElementType.named(type);
    }
  }

  /**
   * Parses and checks a header.
   *
   * @param json the header's bytes, padding included
   * @param dataLength the number of bytes that follow the header
   * @param origin the file, for messages
   * @throws ModelFormatException if a rule is broken; the message names the tensor
   */
  static SafetensorsHeader parse(ByteBuffer json, long dataLength, String origin)
      throws ModelFormatException {
    if (!json.hasRemaining() || json.get(json.position()) != '{') {
      throw new ModelFormatException(
          origin + ": the header must be a JSON object that starts with '{'");
    }
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(json).toString();
    } catch (CharacterCodingException e) {
      throw new ModelFormatException(origin + ": the header is not valid UTF-8", e);
    }
    try {
      return new Parser(text, origin).parse().checked(dataLength, origin);
    } catch (ModelFormatException e) {
      throw e;
    } catch (MalformedJsonException | EOFException | IllegalStateException | JsonParseException e) {
      throw new ModelFormatException(
          origin + ": the header is not valid JSON of safetensors: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new IllegalStateException("reading from memory can't fail", e);
    }
  }

  private SafetensorsHeader checked(long dataLength, String origin) throws ModelFormatException {
    List<Map.Entry<String, Entry>> ordered = new ArrayList<>(entries.entrySet());
    ordered.sort(
        Comparator.comparingLong((Map.Entry<String, Entry> e) -> e.getValue().begin())
            .thenComparingLong(e -> e.getValue().end()));
    Map<String, Entry> inFileOrder = new LinkedHashMap<>();
    long end = 0;
    for (Map.Entry<String, Entry> named : ordered) {
      Entry entry = named.getValue();
      String tensor = origin + ": tensor '" + named.getKey() + "'";
      if (entry.begin() != end || entry.end() < entry.begin()) {
        throw new ModelFormatException(
            tensor
                + " has data_offsets ["
                + entry.begin()
                + ", "
                + entry.end()
                + "] but must start at "
                + end
                + ", where the one before it ends, and not end before that");
      }
      checkSize(tensor, entry);
      end = entry.end();
      inFileOrder.put(named.getKey(), entry);
    }
    if (end != dataLength) {
      throw new ModelFormatException(
          origin
              + ": the tensors end at byte "
              + end
              + " of the data but the file has "
              + dataLength
              + " bytes of data; it is cut off or something was appended");
    }
    return new SafetensorsHeader(metadata, inFileOrder);
  }

  private static void checkSize(String tensor, Entry entry) throws ModelFormatException {
    if (entry.elements().isEmpty()) {
      return; // refused when it is read: others may be all that is asked for
    }
    long bytes;
    try {
      bytes = entry.elements().get().bytesOf(entry.shape());
    } catch (ArithmeticException e) {
      throw new ModelFormatException(
          tensor + " of shape " + entry.shape() + " has more bytes than 64 bits can count", e);
    }
    if (bytes != entry.end() - entry.begin()) {
      throw new ModelFormatException(
          tensor
              + " of type "
              + entry.type()
              + " and shape "
              + entry.shape()
              + " needs "
              + bytes
              + " bytes but has "
              + (entry.end() - entry.begin()));
    }
  }

  /** Streams through the JSON: the tree parsers would let the last of two equal keys win. */
  private static final class Parser {
    private final JsonReader reader;
    private final String origin;
    private Map<String, String> metadata = Map.of();

    Parser(String text, String origin) {
      this.reader = new JsonReader(new StringReader(text));
      this.reader.setStrictness(Strictness.STRICT);
      this.origin = origin;
    }

    SafetensorsHeader parse() throws IOException {
      Map<String, Entry> entries = new LinkedHashMap<>();
      boolean hasMetadata = false;
      reader.beginObject();
      while (reader.hasNext()) {
        String name = reader.nextName();
        if (name.equals(METADATA)) {
          if (hasMetadata) {
            throw twice(METADATA);
          }
          hasMetadata = true;
          metadata = parseMetadata();
        } else if (entries.put(name, parseEntry(name)) != null) {
          throw twice(name);
        }
      }
      reader.endObject();
      if (reader.peek() != JsonToken.END_DOCUMENT) {
        throw new ModelFormatException(origin + ": something follows the header's JSON object");
      }
      return new SafetensorsHeader(metadata, entries);
    }

    private Map<String, String> parseMetadata() throws IOException {
      Map<String, String> values = new LinkedHashMap<>();
      if (reader.peek() == JsonToken.NULL) {
        reader.nextNull();
        return values;
      }
      reader.beginObject();
      while (reader.hasNext()) {
        String key = reader.nextName();
        if (reader.peek() != JsonToken.STRING) {
          throw new ModelFormatException(
              origin + ": " + METADATA + " may hold strings only, but '" + key + "' is none");
        }
        if (values.put(key, reader.nextString()) != null) {
          throw twice(METADATA + "." + key);
        }
      }
      reader.endObject();
      return values;
    }

    private Entry parseEntry(String name) throws IOException {
      String type = null;
      long[] shape = null;
      long[] offsets = null;
      reader.beginObject();
      while (reader.hasNext()) {
        String key = reader.nextName();
        switch (key) {
          case "dtype" -> type = once(type, name, key, parseType(name));
          case "shape" -> shape = once(shape, name, key, parseNumbers(name, MAX_DIMENSIONS));
          case "data_offsets" -> offsets = once(offsets, name, key, parseNumbers(name, 2));
          default ->
              throw new ModelFormatException(
                  origin
                      + ": tensor '"
                      + name
                      + "' has an unknown property '"
                      + key
                      + "'; dtype, shape and data_offsets are allowed");
        }
      }
      reader.endObject();
      if (type == null || shape == null || offsets == null || offsets.length != 2) {
        throw new ModelFormatException(
            origin + ": tensor '" + name + "' must have a dtype, a shape and two data_offsets");
      }
      return new Entry(type, new Shape(shape), offsets[0], offsets[1]);
    }

    private <T> T once(@Nullable T before, String name, String key, T value)
        throws ModelFormatException {
      if (before != null) {
        throw twice(name + "." + key);
      }
      return value;
    }

    private String parseType(String name) throws IOException {
      if (reader.peek() != JsonToken.STRING) {
        throw new ModelFormatException(
            origin + ": tensor '" + name + "' has a dtype that is no string");
      }
      return reader.nextString();
    }

    private long[] parseNumbers(String name, int max) throws IOException {
      List<Long> numbers = new ArrayList<>();
      reader.beginArray();
      while (reader.hasNext()) {
        // nextLong would take "12" in quotes and 12.0 as well.
        String digits = reader.peek() == JsonToken.NUMBER ? reader.nextString() : "no number";
        if (!digits.matches("[0-9]{1,18}") || numbers.size() == max) {
          throw new ModelFormatException(
              origin
                  + ": tensor '"
                  + name
                  + "' may have up to "
                  + max
                  + " whole numbers below 10^18 here, got "
                  + digits
                  + " as number "
                  + (numbers.size() + 1));
        }
        numbers.add(Long.valueOf(digits));
      }
      reader.endArray();
      return numbers.stream().mapToLong(Long::longValue).toArray();
    }

    private ModelFormatException twice(String key) {
      return new ModelFormatException(origin + ": the header has '" + key + "' twice");
    }
  }
}
