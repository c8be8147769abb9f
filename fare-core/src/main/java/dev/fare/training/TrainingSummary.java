package dev.fare.training;

import static java.util.Objects.requireNonNull;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What came of a run.
 *
 * @param settings what was asked for
 * @param data what it was trained on
 * @param firstStep updates that had been made before, above 0 where a run went on
 * @param lastStep updates made in all
 * @param images trained on by this call
 * @param finalLoss the mean over the last 100 updates, NaN where there was none
 * @param finalAdversarialCosine the same for the adversarial cosine
 * @param validation what was measured last, empty without validation
 * @param skippedSteps updates left out because of their numbers, or because no image was readable
 * @param unreadableImages different images that could not be read
 * @param duration of this call
 * @param warnings what was not as asked: images skipped, updates left out, and the like
 */
public record TrainingSummary(
    TrainingSettings settings,
    String data,
    long firstStep,
    long lastStep,
    long images,
    double finalLoss,
    double finalAdversarialCosine,
    Map<String, Double> validation,
    long skippedSteps,
    long unreadableImages,
    Duration duration,
    List<String> warnings) {

  /** For people to read, and as it was given: {@code l∞}, {@code <}. */
  static final Gson GSON = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

  /** Checks that nothing is null. */
  public TrainingSummary {
    requireNonNull(settings, "settings");
    requireNonNull(data, "data");
    requireNonNull(duration, "duration");
    validation = Collections.unmodifiableMap(new LinkedHashMap<>(validation));
    warnings = List.copyOf(warnings);
  }

  /** Whether the run has made all its updates, rather than being cancelled or stopped early. */
  public boolean isComplete() {
    return lastStep >= settings.steps();
  }

  /** The summary and the libraries' versions as a JSON object, to be kept beside the model. */
  public String toJson() {
    return GSON.toJson(json());
  }

  JsonObject json() {
    JsonObject json = new JsonObject();
    json.addProperty("data", data);
    json.addProperty("complete", isComplete());
    json.addProperty("firstStep", firstStep);
    json.addProperty("lastStep", lastStep);
    json.addProperty("images", images);
    json.addProperty("finalLoss", Double.toString(finalLoss));
    json.addProperty("finalAdversarialCosine", Double.toString(finalAdversarialCosine));
    json.addProperty("skippedSteps", skippedSteps);
    json.addProperty("unreadableImages", unreadableImages);
    json.addProperty("seconds", duration.toMillis() / 1000.0);
    JsonObject measured = new JsonObject();
    validation.forEach((name, value) -> measured.addProperty(name, Double.toString(value)));
    json.add("validation", measured);
    JsonObject asked = new JsonObject();
    settings.asMap().forEach(asked::addProperty);
    json.add("settings", asked);
    JsonObject versions = new JsonObject();
    Versions.current().forEach(versions::addProperty);
    json.add("versions", versions);
    JsonArray said = new JsonArray();
    warnings.forEach(said::add);
    json.add("warnings", said);
    return json;
  }
}
