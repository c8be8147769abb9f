package dev.fare.training.metrics;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.fare.training.StepResult;
import dev.fare.training.TrainingListener;
import dev.fare.training.TrainingSettings;
import dev.fare.training.TrainingSummary;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes a JSON object a line for each step, the number of the step first. Where a run goes on from
 * a checkpoint, the lines of the steps behind it are replaced.
 *
 * <p>A number that is not finite is the string {@code NaN}, {@code Infinity} or {@code -Infinity},
 * since JSON has none.
 */
public final class JsonLinesMetrics implements TrainingListener {

  private final Path path;
  private @Nullable LineFile file;

  /** Writes to a file, made when the run begins. */
  public JsonLinesMetrics(Path path) {
    this.path = path;
  }

  @Override
  public void onStart(TrainingSettings settings, long firstStep) {
    close();
    file = LineFile.open(path, line -> step(line) <= firstStep);
  }

  /** A line that was cut off by a crash belongs to no step. */
  private static long step(String line) {
    try {
      return JsonParser.parseString(line).getAsJsonObject().get("step").getAsLong();
    } catch (JsonParseException | IllegalStateException | NullPointerException e) {
      return Long.MAX_VALUE;
    }
  }

  @Override
  public void onStep(StepResult result) {
    if (file == null) {
      file = LineFile.open(path, line -> step(line) < result.step());
    }
    JsonObject json = new JsonObject();
    json.addProperty("step", result.step());
    for (Map.Entry<String, Double> metric : result.metrics().entrySet()) {
      double value = metric.getValue();
      if (Double.isFinite(value)) {
        json.addProperty(metric.getKey(), value);
      } else {
        json.addProperty(metric.getKey(), Double.toString(value));
      }
    }
    file.append(json.toString());
  }

  @Override
  public void onEnd(TrainingSummary summary) {
    close();
  }

  private void close() {
    if (file != null) {
      file.close();
      file = null;
    }
  }
}
