package dev.fare.evaluation.report;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonSerializationContext;
import com.google.gson.JsonSerializer;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.Picture;
import dev.fare.evaluation.TransferMatrix;
import dev.fare.evaluation.drift.DriftReport;
import dev.fare.evaluation.retrieval.RetrievalReport;
import dev.fare.evaluation.statistics.Accuracy;
import java.lang.reflect.Type;

/**
 * Evaluations as JSON, one field a record component. An accuracy also carries its share and its
 * interval, so that readers need no statistics.
 */
public final class EvaluationJson {

  private static final Gson GSON = configure(new GsonBuilder()).create();

  private EvaluationJson() {}

  /** The report as JSON text. */
  public static String write(EvaluationReport report) {
    return GSON.toJson(report);
  }

  /** The report as JSON text. */
  public static String write(RetrievalReport report) {
    return GSON.toJson(report);
  }

  /** The report as JSON text. */
  public static String write(DriftReport report) {
    return GSON.toJson(report);
  }

  /** The matrix as JSON text. */
  public static String write(TransferMatrix matrix) {
    return GSON.toJson(matrix);
  }

  /**
   * Reads what {@link #write(EvaluationReport)} wrote.
   *
   * @throws IllegalArgumentException if the text is not such a report
   */
  public static EvaluationReport read(String json) {
    try {
      EvaluationReport report = GSON.fromJson(json, EvaluationReport.class);
      if (report != null) {
        return report;
      }
    } catch (RuntimeException e) { // Gson wraps what a record refuses in a plain one
      throw new IllegalArgumentException(
          "this is not the JSON of an evaluation report; write it with EvaluationJson.write", e);
    }
    throw new IllegalArgumentException("an evaluation report can't be read from empty text");
  }

  /**
   * Teaches another Gson how accuracies are written here, for reports that contain these records.
   */
  public static GsonBuilder configure(GsonBuilder builder) {
    return builder
        .disableHtmlEscaping()
        .registerTypeAdapter(Accuracy.class, new AccuracyWriter())
        .registerTypeAdapter(Picture.class, new PictureWriter());
  }

  private static final class AccuracyWriter implements JsonSerializer<Accuracy> {
    @Override
    public JsonElement serialize(Accuracy accuracy, Type type, JsonSerializationContext context) {
      JsonObject json = new JsonObject();
      json.addProperty("correct", accuracy.correct());
      json.addProperty("total", accuracy.total());
      json.addProperty("value", accuracy.value());
      json.addProperty("low95", accuracy.interval().low());
      json.addProperty("high95", accuracy.interval().high());
      return json;
    }
  }

  /** Pixels stay out of JSON; their size tells which picture was meant. */
  private static final class PictureWriter implements JsonSerializer<Picture> {
    @Override
    public JsonElement serialize(Picture picture, Type type, JsonSerializationContext context) {
      JsonObject json = new JsonObject();
      json.addProperty("width", picture.width());
      json.addProperty("height", picture.height());
      return json;
    }
  }
}
