package dev.fare.training;

import static java.util.Objects.requireNonNull;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.fare.torch.Versions;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What came of a run. But for {@code firstStep}, everything is of the run as a whole: a run that
 * was stopped and went on from a checkpoint has the summary of one that was not.
 *
 * @param settings what was asked for
 * @param data what it was trained on
 * @param original SHA-256 of the original's weights: their names, shapes and bits
 * @param environment the devices of this call and the CPU threads of an operation, by name
 * @param firstStep updates that had been made before this call, above 0 where a run went on
 * @param lastStep updates made in all
 * @param images trained on, those of an epoch before counted again
 * @param finalLoss the mean over the last 100 updates, NaN where there was none
 * @param finalAdversarialCosine the same for the adversarial cosine
 * @param validation what was measured last, empty without validation
 * @param skippedSteps updates left out because of their numbers, or because no image was readable
 * @param unreadableImages different images that could not be read
 * @param duration of training, without what a kill has undone
 * @param warnings what was not as asked: images skipped, updates left out, settings that were
 *     changed on the way, and the like
 */
public record TrainingSummary(
    TrainingSettings settings,
    String data,
    String original,
    Map<String, String> environment,
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
    requireNonNull(original, "original");
    environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
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
    json.addProperty("original", original);
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
    json.add("settings", object(settings.asMap()));
    json.add("environment", object(environment));
    json.add("versions", object(Versions.current()));
    JsonArray said = new JsonArray();
    warnings.forEach(said::add);
    json.add("warnings", said);
    return json;
  }

  private static JsonObject object(Map<String, String> values) {
    JsonObject json = new JsonObject();
    values.forEach(json::addProperty);
    return json;
  }
}
