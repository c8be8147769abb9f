package dev.fare.training.metrics;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import dev.fare.training.StepResult;
import dev.fare.training.TrainingListener;
import dev.fare.training.TrainingSettings;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes a JSON object a line for each step, the number of the step first; where a validation
 * followed the step, its values are an object {@code validation} in the same line. Where a run goes
 * on from a checkpoint, the lines of the steps behind it are replaced.
 *
 * <p>A number that is not finite is the string {@code NaN}, {@code Infinity} or {@code -Infinity},
 * since JSON has none.
 */
public final class JsonLinesMetrics implements TrainingListener {

  private static final String STEP = "step";

  private final Path path;
  private @Nullable LineFile file;
  private JsonObject last = new JsonObject();

  /** Writes to a file, made when the run begins. */
  public JsonLinesMetrics(Path path) {
    this.path = path;
  }

  @Override
  public void onStart(TrainingSettings settings, long firstStep) {
    onClose();
    file = open(firstStep);
  }

  private LineFile open(long lastKept) {
    last = new JsonObject();
    return LineFile.open(
        path, lines -> lines.stream().filter(line -> step(line) <= lastKept).toList());
  }

  /** A line that was cut off by a crash belongs to no step. */
  private static long step(String line) {
    try {
      JsonElement json = JsonParser.parseString(line);
      JsonElement step = json.isJsonObject() ? json.getAsJsonObject().get(STEP) : null;
      return step instanceof JsonPrimitive number && number.isNumber()
          ? number.getAsLong()
          : Long.MAX_VALUE;
    } catch (JsonParseException | NumberFormatException e) {
      return Long.MAX_VALUE;
    }
  }

  @Override
  public void onStep(StepResult result) {
    if (file == null) {
      file = open(result.step() - 1);
    }
    last = new JsonObject();
    last.addProperty(STEP, result.step());
    add(last, result.metrics());
    file.append(last.toString());
  }

  @Override
  public void onValidation(long step, Map<String, Double> values) {
    if (file == null) {
      file = open(step);
    }
    JsonObject validation = new JsonObject();
    add(validation, values);
    boolean follows = last.has(STEP) && last.get(STEP).getAsLong() == step;
    if (follows) {
      last.add("validation", validation);
      file.replaceLast(last.toString());
    } else {
      JsonObject line = new JsonObject();
      line.addProperty(STEP, step);
      line.add("validation", validation);
      file.append(line.toString());
    }
  }

  private static void add(JsonObject json, Map<String, Double> values) {
    values.forEach(
        (name, value) -> {
          if (Double.isFinite(value)) {
            json.addProperty(name, value);
          } else {
            json.addProperty(name, Double.toString(value));
          }
        });
  }

  @Override
  public void onClose() {
    if (file != null) {
      file.close();
      file = null;
    }
  }

  @Override
  public String toString() {
    return "JsonLinesMetrics[" + path + "]";
  }
}
