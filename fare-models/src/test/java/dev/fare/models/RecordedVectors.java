package dev.fare.models;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;

/** Numbers that were recorded from the original authors' code. */
public final class RecordedVectors {

  private final JsonObject json;

  private RecordedVectors(JsonObject json) {
    this.json = json;
  }

  public static RecordedVectors read(String name) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(RecordedVectors.class.getResourceAsStream("vectors/" + name))) {
      return new RecordedVectors(
          JsonParser.parseReader(new InputStreamReader(in, UTF_8)).getAsJsonObject());
    }
  }

  static Path path(String name) throws URISyntaxException {
    return Path.of(
        Objects.requireNonNull(RecordedVectors.class.getResource("vectors/" + name)).toURI());
  }

  RecordedVectors object(String key) {
    return new RecordedVectors(json.getAsJsonObject(key));
  }

  public float[] floats(String key) {
    JsonElement value = json.get(key);
    return floats(value.isJsonObject() ? value.getAsJsonObject().getAsJsonArray("data") : value);
  }

  public NDArray tensor(String key, NDManager manager) {
    long[] shape = new Gson().fromJson(json.getAsJsonObject(key).get("shape"), long[].class);
    return manager.create(floats(key), new Shape(shape));
  }

  long[][] table(String key) {
    return new Gson().fromJson(json.get(key), long[][].class);
  }

  double number(String key) {
    return json.get(key).getAsDouble();
  }

  private static float[] floats(JsonElement list) {
    JsonArray array = list.getAsJsonArray();
    float[] values = new float[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).getAsFloat();
    }
    return values;
  }
}
