package dev.fare.models.format;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fare.io.ModelFormatException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One object of a configuration file, read key by key with messages that name the key.
 *
 * @param values the object
 * @param origin file and path of the object, for messages
 */
public record ConfigSection(JsonObject values, String origin) {

  /** The section under a key; null counts as absent. */
  public Optional<ConfigSection> section(String key) throws ModelFormatException {
    JsonElement value = find(key);
    if (value == null) {
      return Optional.empty();
    }
    if (!value.isJsonObject()) {
      throw wrong(key, "an object", value);
    }
    return Optional.of(new ConfigSection(value.getAsJsonObject(), origin + " " + key));
  }

  /** Whether a key is there with a value other than null. */
  public boolean has(String key) {
    return find(key) != null;
  }

  /** Whether a key is there with a list. */
  public boolean isList(String key) {
    JsonElement value = find(key);
    return value != null && value.isJsonArray();
  }

  /** Whether a key is there with an object. */
  boolean isObject(String key) {
    JsonElement value = find(key);
    return value != null && value.isJsonObject();
  }

  /** A whole number from 1 to the limit, or the fallback where the key is absent. */
  public int size(String key, int limit, int fallback) throws ModelFormatException {
    return has(key) ? size(key, limit) : fallback;
  }

  /** A whole number from 1 to the limit. */
  public int size(String key, int limit) throws ModelFormatException {
    int value = integer(key);
    if (value < 1 || value > limit) {
      throw wrong(key, "a whole number from 1 to " + limit, find(key));
    }
    return value;
  }

  /** A whole number. */
  public int integer(String key) throws ModelFormatException {
    double value = number(key);
    if (value != (int) value) {
      throw wrong(key, "a whole number", find(key));
    }
    return (int) value;
  }

  /** A finite number. */
  public double number(String key) throws ModelFormatException {
    return number(key, find(key));
  }

  /** A finite number, or the fallback where the key is absent. */
  public double number(String key, double fallback) throws ModelFormatException {
    return has(key) ? number(key) : fallback;
  }

  /** A string. */
  public Optional<String> string(String key) throws ModelFormatException {
    JsonElement value = find(key);
    if (value == null) {
      return Optional.empty();
    }
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isString()) {
      throw wrong(key, "a string", value);
    }
    return Optional.of(value.getAsString());
  }

  /** True or false, or the fallback where the key is absent. */
  public boolean flag(String key, boolean fallback) throws ModelFormatException {
    JsonElement value = find(key);
    if (value == null) {
      return fallback;
    }
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isBoolean()) {
      throw wrong(key, "true or false", value);
    }
    return value.getAsBoolean();
  }

  /** A list of finite numbers; empty where the key is absent. */
  public List<Double> numbers(String key) throws ModelFormatException {
    List<Double> numbers = new ArrayList<>();
    for (JsonElement element : array(key)) {
      numbers.add(number(key, element));
    }
    return numbers;
  }

  /** A list of strings; empty where the key is absent. */
  public List<String> strings(String key) throws ModelFormatException {
    List<String> strings = new ArrayList<>();
    for (JsonElement element : array(key)) {
      if (!element.isJsonPrimitive()) {
        throw wrong(key, "a list of strings", element);
      }
      strings.add(element.getAsString());
    }
    return strings;
  }

  /**
   * Refuses what nobody here knows to read: it could change the model in silence.
   *
   * @param used keys that are read
   * @param ignored keys that change nothing about a trained model
   * @param neutral the only values that other keys may have; null and false are always allowed
   */
  public void refuseOthers(Set<String> used, Set<String> ignored, Map<String, String> neutral)
      throws ModelFormatException {
    for (Map.Entry<String, JsonElement> entry : values.entrySet()) {
      JsonElement value = entry.getValue();
      String key = entry.getKey();
      boolean isOff = value.isJsonNull() || value.toString().equals("false");
      if (isOff || used.contains(key) || ignored.contains(key)) {
        continue;
      }
      String allowed = neutral.get(key);
      if (allowed == null || !value.isJsonPrimitive() || !value.getAsString().equals(allowed)) {
        throw wrong(
            key, (allowed == null ? "" : allowed + " or ") + "absent to be supported here", value);
      }
    }
  }

  /** What to throw where a value can't be used. */
  public ModelFormatException wrong(String key, String allowed, @Nullable Object value) {
    return new ModelFormatException(
        origin + ": " + key + " must be " + allowed + ", got " + (value == null ? "none" : value));
  }

  private JsonArray array(String key) throws ModelFormatException {
    JsonElement value = find(key);
    if (value == null) {
      return new JsonArray();
    }
    if (!value.isJsonArray()) {
      throw wrong(key, "a list", value);
    }
    return value.getAsJsonArray();
  }

  private double number(String key, @Nullable JsonElement value) throws ModelFormatException {
    if (value == null
        || !value.isJsonPrimitive()
        || !value.getAsJsonPrimitive().isNumber()
        || !Double.isFinite(value.getAsDouble())) {
      throw wrong(key, "a number", value);
    }
    return value.getAsDouble();
  }

  private @Nullable JsonElement find(String key) {
    JsonElement value = values.get(key);
    return value == null || value.isJsonNull() ? null : value;
  }
}
