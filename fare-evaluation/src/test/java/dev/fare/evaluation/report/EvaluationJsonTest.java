package dev.fare.evaluation.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.fare.AttackCost;
import dev.fare.ThreatModel;
import dev.fare.evaluation.AttackOutcome;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.ModelResult;
import dev.fare.evaluation.ThreatResult;
import dev.fare.evaluation.TransferMatrix;
import dev.fare.evaluation.drift.Drift;
import dev.fare.evaluation.drift.DriftReport;
import dev.fare.evaluation.drift.EncoderDrift;
import dev.fare.evaluation.retrieval.Recall;
import dev.fare.evaluation.retrieval.RetrievalReport;
import dev.fare.evaluation.retrieval.RetrievalResult;
import dev.fare.evaluation.statistics.Accuracy;
import dev.fare.evaluation.statistics.ClassAccuracy;
import dev.fare.evaluation.statistics.Distribution;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EvaluationJsonTest {

  private static EvaluationReport report() {
    ThreatResult threat =
        new ThreatResult(
            ThreatModel.linf(4 / 255.0),
            new Accuracy(0, 20),
            List.of(new ClassAccuracy(3, new Accuracy(0, 20))),
            List.of(
                new AttackOutcome(
                    "PGD",
                    new Accuracy(0, 20),
                    19,
                    List.of(1, -1),
                    new AttackCost(190, 190, 0, 0),
                    2.5)));
    ModelResult model =
        new ModelResult(
            "FARE", new Accuracy(19, 20), List.of(), List.of(3, 3), List.of(threat), 0.5);
    return new EvaluationReport(
        "A <b>",
        "20 images",
        List.of("cat"),
        List.of(3, 3),
        Map.of("PGD", "10 steps"),
        List.of(model));
  }

  @Test
  void readsWhatItWrote() {
    assertThat(EvaluationJson.read(EvaluationJson.write(report()))).isEqualTo(report());
  }

  @Test
  void writesSharesAndIntervalsForReadersWithoutStatistics() {
    JsonObject json = JsonParser.parseString(EvaluationJson.write(report())).getAsJsonObject();

    JsonObject robust =
        json.getAsJsonArray("models")
            .get(0)
            .getAsJsonObject()
            .getAsJsonArray("threats")
            .get(0)
            .getAsJsonObject()
            .getAsJsonObject("robust");
    assertThat(robust.get("value").getAsDouble()).isZero();
    assertThat(robust.get("high95").getAsDouble()).isCloseTo(0.1611, within(5e-5));
  }

  @Test
  void writesTheOtherResultsTheSameWay() {
    ThreatModel threatModel = ThreatModel.linf(4 / 255.0);
    TransferMatrix matrix =
        new TransferMatrix(
            "A", "PGD", threatModel, List.of("CLIP"), List.of(List.of(new Accuracy(1, 4))));
    RetrievalResult.Directions recall =
        new RetrievalResult.Directions(
            Recall.of(new int[] {1, 3}, List.of(1)), Recall.of(new int[] {7}, List.of(5)));
    RetrievalReport retrieval =
        new RetrievalReport(
            "A", "", 2, 1, Map.of(), List.of(new RetrievalResult("CLIP", recall, List.of())));
    Drift drift = new Drift(new Distribution(List.of(0.5)), new Distribution(List.of(2.0)));
    DriftReport drifts =
        new DriftReport("A", "", Map.of(), List.of(new EncoderDrift("CLIP", drift, List.of())));

    assertThat(EvaluationJson.write(matrix)).contains("\"models\":[\"CLIP\"]", "\"value\":0.25");
    assertThat(EvaluationJson.write(retrieval))
        .contains("\"imageToText\":{\"atK\":[{\"k\":1,\"share\":{\"correct\":1,\"total\":2");
    assertThat(EvaluationJson.write(drifts)).contains("\"cosine\":{\"values\":[0.5]}");
  }

  @Test
  void saysWhatItCannotRead() {
    assertThatThrownBy(() -> EvaluationJson.read(""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("empty text");
    assertThatThrownBy(() -> EvaluationJson.read("{\"labels\": 3}"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not the JSON of an evaluation report");
    assertThatThrownBy(() -> EvaluationJson.read("{}"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not the JSON of an evaluation report");
  }
}
