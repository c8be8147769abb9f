package dev.fare.models.text;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import dev.fare.io.ModelFormatException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Opens damaged tokenizers, one after the other, in a process of its own: {@code seconds first
 * file...}. Each line of output is the number of the mutant that comes next; the same number makes
 * the same mutant.
 */
final class TokenizerFuzz {

  private static final List<JsonElement> VALUES =
      JsonParser.parseString(
              "[null, true, false, 0, 1, 2, -1, 15, 255, 4294967295, 4294967296, 1e308, 0.5, \"\","
                  + "\" \", \"  \", \"a\", \"at\", \"A\", \"B\", \"\\u0000\", \"\u2581\", \"\u00e9\","
                  + "\"<unk>\", \"<s>\", \"##\", \"(a+)+$\", \"\\\\s+\", \" {2,}\", \"\\ud83d\\ude00\","
                  + "\"NFKD\", \"Lowercase\", \"Strip\", \"StripAccents\", \"ByteLevel\", \"Fuse\","
                  + "\"Metaspace\", \"Digits\", \"Whitespace\", \"WordLevel\", \"always\", \"never\","
                  + "\"first\", \"Isolated\", \"Contiguous\", \"MergedWithNext\", [], {}, [[]],"
                  + "{\"type\": \"Strip\", \"strip_left\": true, \"strip_right\": true},"
                  + "{\"type\": \"StripAccents\"}, {\"type\": \"NFD\"}, {\"type\": \"Lowercase\"},"
                  + "{\"type\": \"Digits\", \"individual_digits\": true}, {\"String\": \" \"},"
                  + "{\"type\": \"WhitespaceSplit\"}, {\"Regex\": \"\\\\s+\"}, {\"type\": \"Fuse\"}]")
          .getAsJsonArray()
          .asList();

  private static final List<String> TEXTS =
      List.of(
          "",
          " ",
          "a cat",
          "<s>at  \n\n at</s><image>",
          "<|startoftext|>cat<|endoftext|>   a",
          "\u0000\u0301e\u0301 \ud83d\ude00 \ud800 \ufb01 \u2581\u2581a 123'LL",
          "a".repeat(3000));

  private static final Gson GSON = new GsonBuilder().serializeNulls().create();

  private final Random random;
  private final List<byte[]> files;

  private TokenizerFuzz(long seed, List<byte[]> files) {
    this.random = new Random(seed * 0x9E3779B97F4A7C15L);
    this.files = files;
  }

  public static void main(String[] arguments) throws IOException {
    long end = System.nanoTime() + Long.parseLong(arguments[0]) * 1_000_000_000L;
    List<byte[]> files = new ArrayList<>();
    for (String name : Arrays.asList(arguments).subList(2, arguments.length)) {
      files.add(Files.readAllBytes(Path.of(name)));
    }
    int opened = 0;
    for (long mutant = Long.parseLong(arguments[1]); System.nanoTime() < end; mutant++) {
      System.out.println(mutant);
      opened += open(new TokenizerFuzz(mutant, files).mutant()) ? 1 : 0;
    }
    System.out.println("opened " + opened);
  }

  /** Opens and uses it; anything but its refusal ends the process. */
  private static boolean open(byte[] json) throws IOException {
    HuggingFaceTokenizer tokenizer;
    try {
      tokenizer = TokenizerFile.open(new ByteArrayInputStream(json), "mutant");
    } catch (ModelFormatException e) {
      return false;
    }
    try (tokenizer) {
      for (String text : TEXTS) {
        tokenizer.encode(text, false, false);
        tokenizer.decode(tokenizer.encode(text, true, false).getIds(), true);
      }
      tokenizer.decode(new long[] {0, 3, 4, 13, 1_000_000, 5, -1, Long.MAX_VALUE}, false);
    }
    return true;
  }

  byte[] mutant() {
    byte[] bytes = any(files).clone();
    return random.nextInt(3) == 0 ? withBytesChanged(bytes) : withValuesChanged(bytes);
  }

  private byte[] withBytesChanged(byte[] bytes) {
    for (int change = random.nextInt(3); change >= 0; change--) {
      int place = random.nextInt(bytes.length);
      if (random.nextBoolean()) {
        bytes[place] ^= (byte) (1 << random.nextInt(8));
      } else {
        bytes[place] = (byte) random.nextInt(256);
      }
    }
    return bytes;
  }

  private byte[] withValuesChanged(byte[] bytes) {
    JsonElement json = JsonParser.parseString(new String(bytes, UTF_8));
    for (int change = random.nextInt(3); change >= 0; change--) {
      change(json);
    }
    return GSON.toJson(json).getBytes(UTF_8);
  }

  /** Changes one value somewhere, large objects as often as small ones. */
  private void change(JsonElement json) {
    JsonElement container = json;
    for (int depth = random.nextInt(6); depth > 0; depth--) {
      List<JsonElement> children =
          children(container).stream().filter(c -> !children(c).isEmpty()).toList();
      if (children.isEmpty()) {
        break;
      }
      container = any(children);
    }
    if (container instanceof JsonObject object && !object.isEmpty()) {
      String key = any(List.copyOf(object.keySet()));
      JsonElement value = object.remove(key);
      int kind = random.nextInt(8);
      if (kind == 1) {
        object.add(key + "a", value);
      } else if (kind > 1) {
        object.add(key, changed(value, json));
      }
    } else if (container instanceof JsonArray array && !array.isEmpty()) {
      int index = random.nextInt(array.size());
      switch (random.nextInt(4)) {
        case 0 -> array.remove(index);
        case 1 -> array.add(array.get(index).deepCopy());
        default -> array.set(index, changed(array.get(index), json));
      }
    }
  }

  private JsonElement changed(JsonElement value, JsonElement json) {
    if (value instanceof JsonPrimitive primitive && random.nextInt(3) == 0) {
      if (primitive.isBoolean()) {
        return new JsonPrimitive(!primitive.getAsBoolean());
      }
      if (primitive.isNumber()) {
        return new JsonPrimitive(primitive.getAsLong() + random.nextInt(5) - 2);
      }
      return new JsonPrimitive(
          primitive.getAsString() + any(List.of(" ", "a", "\u2581", "\u0301")));
    }
    if (random.nextInt(3) == 0) {
      JsonElement other = json; // a value from elsewhere in the file, or from another file
      if (random.nextBoolean()) {
        other = JsonParser.parseString(new String(any(files), UTF_8));
      }
      for (int depth = 1 + random.nextInt(4); depth > 0 && !children(other).isEmpty(); depth--) {
        other = any(children(other));
      }
      return other.deepCopy();
    }
    return any(VALUES).deepCopy();
  }

  private static List<JsonElement> children(JsonElement element) {
    if (element instanceof JsonObject object) {
      return List.copyOf(object.asMap().values());
    }
    return element instanceof JsonArray array ? array.asList() : List.of();
  }

  private <T> T any(List<T> values) {
    return values.get(random.nextInt(values.size()));
  }
}
