package dev.fare.evaluation.report;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.fare.io.TextFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One point of the training curves.
 *
 * @param step updates so far, from 1
 * @param loss FARE's loss: mean squared distance of adversarial embeddings to the original's clean
 *     ones
 * @param cosineClean mean cosine between both encoders' embeddings of the clean image
 * @param cosineAdversarial mean cosine between the embedding of the attacked image and the
 *     original's of the clean one
 * @param learningRate used for this update
 */
public record TrainingPoint(
    int step, double loss, double cosineClean, double cosineAdversarial, double learningRate) {

  /**
   * Reads the file that {@code JsonLinesMetrics} has written during a run. Where the clean cosine
   * was not measured the last one stands, at first 1; updates that were left out are no points.
   *
   * @throws IOException if the file can't be read or is another
   */
  public static List<TrainingPoint> read(Path metrics) throws IOException {
    List<TrainingPoint> points = new ArrayList<>();
    double cosineClean = 1;
    for (String line : TextFile.read(metrics).lines().toList()) {
      try {
        JsonObject json = JsonParser.parseString(line).getAsJsonObject();
        if (json.get("skipped").getAsDouble() != 0) {
          continue;
        }
        cosineClean = json.has("clean_cosine") ? number(json, "clean_cosine") : cosineClean;
        points.add(
            new TrainingPoint(
                json.get("step").getAsInt(),
                number(json, "loss"),
                cosineClean,
                number(json, "adversarial_cosine"),
                number(json, "learning_rate")));
      } catch (JsonParseException
          | IllegalStateException
          | IllegalArgumentException
          | UnsupportedOperationException
          | NullPointerException e) {
        throw new IOException(
            "%s is no metrics.jsonl of a training: line %d is %s"
                .formatted(metrics, points.size() + 1, line),
            e);
      }
    }
    return List.copyOf(points);
  }

  private static double number(JsonObject json, String name) {
    return json.get(name).getAsDouble();
  }
}
