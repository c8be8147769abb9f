package dev.fare.attacks;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/** Recorded runs of the published Python code. */
public final class Vectors {

  private Vectors() {}

  public static JsonObject read(String name) {
    try (InputStream in = Vectors.class.getResourceAsStream("/vectors/" + name + ".json.gz");
        InputStreamReader text = new InputStreamReader(new GZIPInputStream(in), UTF_8)) {
      return JsonParser.parseReader(text).getAsJsonObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A tensor as {@code {"shape", "dtype", "data"}} or as nested lists. */
  public static NDArray tensor(NDManager manager, JsonElement json) {
    return manager.create(floats(json), new Shape(shape(json)));
  }

  public static NDArray labels(NDManager manager, JsonElement json) {
    float[] values = floats(json);
    long[] labels = new long[values.length];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = (long) values[i];
    }
    return manager.create(labels);
  }

  public static float[] floats(JsonElement json) {
    List<Float> values = new ArrayList<>();
    flatten(json.isJsonObject() ? json.getAsJsonObject().get("data") : json, values);
    float[] array = new float[values.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = values.get(i);
    }
    return array;
  }

  public static boolean[] booleans(JsonElement json) {
    JsonArray list = json.getAsJsonArray();
    boolean[] array = new boolean[list.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = list.get(i).getAsBoolean();
    }
    return array;
  }

  private static void flatten(JsonElement json, List<Float> into) {
    if (json.isJsonArray()) {
      json.getAsJsonArray().forEach(child -> flatten(child, into));
    } else if (json.getAsJsonPrimitive().isBoolean()) {
      into.add(json.getAsBoolean() ? 1f : 0f);
    } else {
      into.add(json.getAsFloat());
    }
  }

  private static long[] shape(JsonElement json) {
    List<Long> shape = new ArrayList<>();
    if (json.isJsonObject()) {
      json.getAsJsonObject().getAsJsonArray("shape").forEach(n -> shape.add(n.getAsLong()));
    } else {
      JsonElement level = json;
      while (level.isJsonArray()) {
        shape.add((long) level.getAsJsonArray().size());
        level = level.getAsJsonArray().get(0);
      }
    }
    return shape.stream().mapToLong(Long::longValue).toArray();
  }
}
