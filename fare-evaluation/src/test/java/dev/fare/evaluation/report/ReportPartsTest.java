package dev.fare.evaluation.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fare.ThreatModel;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.ModelResult;
import dev.fare.evaluation.Picture;
import dev.fare.evaluation.ThreatResult;
import dev.fare.evaluation.statistics.Accuracy;
import dev.fare.evaluation.statistics.ClassAccuracy;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReportPartsTest {

  @Test
  void aVerdictNamesTheLargestRadiusAndTheCleanAccuracyKept() {
    Verdict verdict =
        Verdict.of(evaluation(model("original", 900, 50, 1), model("FARE", 810, 700, 500)));

    assertThat(verdict.headline().replace('\u00a0', ' ').replace('\u202f', ' '))
        .isEqualTo(
            "Under attack at ε = 4/255, FARE still recognises 50.0 % of the images (original: 0.1 %).");
    assertThat(verdict.detail().replace('\u202f', ' '))
        .contains("81.0 % (original: 90.0 %), which keeps 90 % of the clean accuracy");
  }

  @Test
  void aVerdictDoesNotClaimADifferenceInsideTheUncertainty() {
    Verdict verdict =
        Verdict.of(evaluation(model("original", 900, 500, 480), model("FARE", 900, 600, 500)));

    assertThat(verdict.headline()).contains("1000 images can't tell FARE");
  }

  @Test
  void aVerdictOnOneModelSpeaksOfThatModelAlone() {
    Verdict verdict = Verdict.of(evaluation(model("CLIP", 900, 50, 1)));

    assertThat(verdict.headline()).contains("CLIP still recognises 0.1\u202f%").doesNotContain("(");
  }

  private static ModelResult model(String name, int clean, int small, int large) {
    return new ModelResult(
        name,
        new Accuracy(clean, 1000),
        List.of(new ClassAccuracy(0, new Accuracy(1, 2)), new ClassAccuracy(2, new Accuracy(3, 3))),
        List.of(),
        List.of(threat(2, small), threat(4, large)),
        1);
  }

  private static ThreatResult threat(int steps, int robust) {
    return new ThreatResult(
        ThreatModel.linf(steps / 255.0),
        new Accuracy(robust, 1000),
        List.of(new ClassAccuracy(0, new Accuracy(1, 2)), new ClassAccuracy(2, new Accuracy(1, 3))),
        List.of());
  }

  private static EvaluationReport evaluation(ModelResult... models) {
    List<Integer> labels = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      labels.add(0);
    }
    return new EvaluationReport(
        "A", "", List.of("cat", "dog", "fox"), labels, Map.of(), List.of(models));
  }

  @Test
  void classesAreOrderedByWhatIsLeftUnderAttack() {
    List<ClassSection.Bar> bars =
        new ClassSection(evaluation(model("FARE", 900, 500, 480)), Map.of()).bars();

    assertThat(bars)
        .containsExactly(
            new ClassSection.Bar("cat", new Accuracy(1, 2), new Accuracy(1, 2)),
            new ClassSection.Bar("fox", new Accuracy(3, 3), new Accuracy(1, 3)));
  }

  @Test
  void groupsAddUpTheirClasses() {
    List<ClassSection.Bar> bars =
        new ClassSection(
                evaluation(model("FARE", 900, 500, 480)),
                Map.of("cat", "animals", "fox", "animals"))
            .bars();

    assertThat(bars)
        .containsExactly(new ClassSection.Bar("animals", new Accuracy(4, 5), new Accuracy(2, 5)));
  }

  @Test
  void picturesKeepTheirPixelsAndDifferencesAreAmplifiedAroundGrey() throws IOException {
    float step = 1 / 255f;
    Picture clean = Picture.of(2, 1, new float[] {0, 1, 10 * step, .5f, 20 * step, .25f});
    Picture attacked =
        Picture.of(2, 1, new float[] {4 * step, 1, 10 * step, .5f - 2 * step, 20 * step, .25f});

    BufferedImage picture = decode(PngImages.dataUri(clean));
    BufferedImage difference = decode(PngImages.differenceUri(clean, attacked, 20));

    assertThat(picture.getRGB(0, 0) & 0xffffff).isEqualTo(0x000a14);
    assertThat(picture.getRGB(1, 0) & 0xffffff).isEqualTo(0xff8040);
    assertThat(difference.getRGB(0, 0) >> 16 & 255).isEqualTo(208); // 127.5 + 4 · 20
    assertThat(difference.getRGB(1, 0) >> 8 & 255).isCloseTo(88, within(1)); // 127.5 − 2 · 20
    assertThat(difference.getRGB(1, 0) & 255).isEqualTo(128);
  }

  private static BufferedImage decode(String uri) throws IOException {
    byte[] png = Base64.getDecoder().decode(uri.substring("data:image/png;base64,".length()));
    return ImageIO.read(new ByteArrayInputStream(png));
  }

  @Test
  void ticksAreRoundValuesInsideTheAxis() {
    assertThat(LineChart.roundTicks(0, 1, 4, Numbers::compact))
        .extracting(LineChart.Tick::label)
        .containsExactly("0", "0.25", "0.5", "0.75", "1");
    assertThat(LineChart.roundTicks(3, 27, 4, Numbers::compact))
        .extracting(LineChart.Tick::value)
        .containsExactly(10.0, 20.0);
  }

  @Test
  void aLineIsDrawnFromCornerToCornerOfItsAxes() {
    String svg =
        new LineChart(
                "t",
                "x",
                Numbers::compact,
                List.of(
                    new LineChart.Series(
                        "s", 1, List.of(new LineChart.Point(0, 0), new LineChart.Point(9, 5)))))
            .render()
            .render();

    assertThat(svg).contains("class=\"line s1\" d=\"M46.0 220.0L406.0 14.0\"");
  }

  @Test
  void longTrainingsAreShownAsMeansOfNeighbours() {
    List<TrainingPoint> points = new ArrayList<>();
    for (int step = 1; step <= 480; step++) {
      points.add(new TrainingPoint(step, step % 2, 1, 0, 0.1));
    }

    List<TrainingPoint> thinned = TrainingSection.thinned(points);

    assertThat(thinned).hasSize(240);
    assertThat(thinned).allMatch(point -> point.loss() == 0.5);
    assertThat(TrainingSection.thinned(points.subList(0, 100))).hasSize(100);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "0.5, 0.5",
    "1, 1",
    "12.34, 12.3",
    "250, 250",
    "0.00025, 2.5e−4",
    "0.0004, 4e−4",
    "-0.25, -0.25",
    "1250000, 1.3e6"
  })
  void writesNumbersShort(double value, String text) {
    assertThat(Numbers.compact(value)).isEqualTo(text);
  }

  @Test
  void asksForAnEvaluation() {
    assertThatThrownBy(() -> ReportModel.builder("empty").build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least one evaluation");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"0.4x\"", "[1,2]", "{}", "null"})
  void aTrainingsLineWhoseNumberIsNoneIsNamed(String loss, @TempDir Path folder) throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("metrics.jsonl"), "{\"step\":1,\"skipped\":0,\"loss\":" + loss + "}");

    assertThatThrownBy(() -> TrainingPoint.read(file))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(file + " is no metrics.jsonl of a training: line 1 is {");
  }
}
