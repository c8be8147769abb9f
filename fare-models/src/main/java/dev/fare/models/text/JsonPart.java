package dev.fare.models.text;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.fare.io.ModelFormatException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * One object of a {@code tokenizer.json}: hands out values that have the right kind and size, and
 * refuses keys that nobody asked for.
 */
final class JsonPart {

  private final JsonObject json;
  private final String place;
  private final Set<String> known = new HashSet<>();

  private JsonPart(JsonObject json, String place) {
    this.json = json;
    this.place = place;
  }

  /** The object at a place, which messages name: the file and the path of keys. */
  static JsonPart of(JsonElement json, String place) throws ModelFormatException {
    if (!json.isJsonObject()) {
      throw new ModelFormatException(place + " must be an object");
    }
    return new JsonPart(json.getAsJsonObject(), place);
  }

  String place(String key) {
    return place + "." + key;
  }

  ModelFormatException refusal(String key, String why) {
    return new ModelFormatException(place(key) + " " + why);
  }

  /** Whether there is a value that is not null. */
  boolean has(String key) {
    known.add(key);
    return json.has(key) && !json.get(key).isJsonNull();
  }

  JsonElement element(String key) {
    return has(key) ? json.get(key) : JsonNull.INSTANCE;
  }

  /** A text, which UTF-8 can hold. */
  String text(String key, int minLength, int maxLength) throws ModelFormatException {
    if (!(element(key) instanceof JsonPrimitive value) || !value.isString()) {
      throw refusal(key, "must be a text");
    }
    String text = text(value.getAsString(), place(key));
    int length = text.codePointCount(0, text.length());
    if (length < minLength || length > maxLength) {
      throw refusal(
          key, "must have " + minLength + " to " + maxLength + " characters, has " + length);
    }
    return text;
  }

  /** One of some words. */
  String word(String key, Collection<String> allowed) throws ModelFormatException {
    String word = element(key) instanceof JsonPrimitive value ? value.getAsString() : "missing";
    if (!allowed.contains(word)) {
      throw refusal(
          key,
          "is '"
              + (word.length() > 80 ? word.substring(0, 80) + "…" : word)
              + "'; known are "
              + String.join(", ", allowed));
    }
    return word;
  }

  boolean flag(String key, boolean otherwise) throws ModelFormatException {
    if (!has(key)) {
      return otherwise;
    }
    if (!(json.get(key) instanceof JsonPrimitive value) || !value.isBoolean()) {
      throw refusal(key, "must be true or false");
    }
    return value.getAsBoolean();
  }

  int integer(String key, int min, int max) throws ModelFormatException {
    return integer(element(key), place(key), min, max);
  }

  static int integer(JsonElement element, String place, int min, int max)
      throws ModelFormatException {
    if (!(element instanceof JsonPrimitive value)
        || !value.isNumber()
        || !(value.getAsNumber() instanceof Long number)
        || number < min
        || number > max) {
      throw new ModelFormatException(place + " must be an integer from " + min + " to " + max);
    }
    return number.intValue();
  }

  /** A list, empty where there is none. */
  List<JsonElement> list(String key, int maxSize) throws ModelFormatException {
    if (!has(key)) {
      return List.of();
    }
    if (!json.get(key).isJsonArray()) {
      throw refusal(key, "must be a list");
    }
    JsonArray list = json.get(key).getAsJsonArray();
    if (list.size() > maxSize) {
      throw refusal(key, "has " + list.size() + " entries, may have at most " + maxSize);
    }
    return list.asList();
  }

  JsonObject object(String key) throws ModelFormatException {
    if (!(element(key) instanceof JsonObject object)) {
      throw refusal(key, "must be an object");
    }
    return object;
  }

  /** The texts of a list. */
  List<String> texts(String key, int maxSize) throws ModelFormatException {
    List<String> texts = new ArrayList<>();
    for (JsonElement element : list(key, maxSize)) {
      if (!(element instanceof JsonPrimitive value) || !value.isString()) {
        throw refusal(key, "must be a list of texts");
      }
      texts.add(text(value.getAsString(), place(key)));
    }
    return texts;
  }

  /** Refuses what nobody asked for: it might change what a text's tokens are. */
  void noOther() throws ModelFormatException {
    for (String key : json.keySet()) {
      if (!known.contains(key)) {
        throw refusal(key, "is not known here");
      }
    }
  }

  /** Refuses half a surrogate pair, which no UTF-8 can hold. */
  static String text(String text, String place) throws ModelFormatException {
    for (int i = 0; i < text.length(); i++) {
      char unit = text.charAt(i);
      if (Character.isHighSurrogate(unit)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(unit)) {
        throw new ModelFormatException(place + " has half a surrogate pair in it");
      }
    }
    return text;
  }
}
