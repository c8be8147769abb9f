package dev.fare.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.Gson;
import dev.fare.AttackControl;
import dev.fare.AttackResult.StopReason;
import dev.fare.Classifier;
import dev.fare.ThreatModel;
import dev.fare.attacks.AutoAttack;
import dev.fare.attacks.TinyMlp;
import dev.fare.data.InMemoryImages;
import dev.fare.evaluation.autoattack.AutoAttackEvaluation;
import dev.fare.evaluation.autoattack.AutoAttackReport;
import dev.fare.evaluation.autoattack.AutoAttackReport.Outcome;
import dev.fare.evaluation.autoattack.AutoAttackReport.Row;
import dev.fare.evaluation.report.EvaluationJson;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An evaluation that an earlier version has begun goes on to the numbers that it would have had.
 */
class EarlierEvaluationsTest {

  private static final int IMAGES = 8;
  private static final float ROUNDING = 1e-5f;

  @TempDir private Path folder;

  /**
   * What AutoAttack found.
   *
   * @param images all of them, one after the other
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared as a whole
  private record Found(
      StopReason stopReason, List<Outcome> outcomes, List<Integer> attacked, float[] images) {}

  private static Found autoAttack(Path directory, AttackControl control) {
    try (TinyMlp model = TinyMlp.seeded(1)) {
      NDArray pixels = model.manager().create(TinyMlp.pixels(IMAGES, 6), shape());
      NDArray labels = model.manager().create(labels(model));
      AutoAttackReport report =
          AutoAttackEvaluation.builder(
                  AutoAttack.builder(ThreatModel.linf(0.05)).steps(5).queries(20).seed(2).build())
              .batchSize(3)
              .stateDirectory(directory)
              .control(control)
              .build()
              .evaluate(model::embed, pixels, labels);
      return new Found(
          report.stopReason(),
          report.outcomes(),
          report.rows().stream().map(Row::attacked).toList(),
          report.images().toFloatArray());
    }
  }

  private static Shape shape() {
    return new Shape(IMAGES, 3, TinyMlp.SIDE, TinyMlp.SIDE);
  }

  /** What the model says, but for one image, which is then wrong. */
  private static long[] labels(TinyMlp model) {
    NDArray pixels = model.manager().create(TinyMlp.pixels(IMAGES, 6), shape());
    long[] labels = model.embed(pixels).argMax(1).toLongArray();
    labels[5] = (labels[5] + 1) % TinyMlp.OUTPUTS;
    return labels;
  }

  @Test
  void autoAttackGoesOnFromItsDirectory() throws Exception {
    copy("autoattack", folder);

    Found found = autoAttack(folder, AttackControl.unlimited());

    Found expected = new Gson().fromJson(text("autoattack.json"), Found.class);
    assertThat(found.stopReason()).isEqualTo(StopReason.COMPLETED);
    assertThat(found.outcomes()).isEqualTo(expected.outcomes());
    assertThat(found.attacked()).isEqualTo(expected.attacked());
    assertThat(found.images()).containsExactly(expected.images(), within(ROUNDING));
  }

  private static RobustnessEvaluation.Builder evaluation(TinyMlp model, Fuse fuse) {
    RobustnessEvaluation.Builder builder =
        RobustnessEvaluation.builder(TinyMlp.SIDE)
            .model("tiny", fuse.wrap(model::embed))
            .linf(0.02, 0.06)
            .threatModels(List.of(ThreatModel.l2(0.2)))
            .batchSize(3);
    List.of(
            EvaluationAttacks.pgd(3, 2, 5),
            EvaluationAttacks.apgdCrossEntropy(4, 2, 5),
            EvaluationAttacks.apgdDlr(4, 1, 5),
            EvaluationAttacks.apgdTargeted(4, 2, 5),
            EvaluationAttacks.fab(3, 5),
            EvaluationAttacks.square(10, 5))
        .forEach(builder::attack);
    return builder;
  }

  private static EvaluationReport evaluate(Path journal, Fuse fuse) {
    try (TinyMlp model = TinyMlp.seeded(1)) {
      int[] labels = Arrays.stream(labels(model)).mapToInt(Math::toIntExact).toArray();
      InMemoryImages data =
          InMemoryImages.of(TinyMlp.pixels(IMAGES, 6), TinyMlp.SIDE)
              .labels(labels, List.of("a", "b", "c", "d"));
      return evaluation(model, fuse).journal(journal).build().evaluate("random", data);
    }
  }

  /** Stops an evaluation like a crash, after so many passes of the model. */
  private static final class Fuse {
    private int left;

    Fuse(int left) {
      this.left = left;
    }

    Classifier wrap(Classifier classifier) {
      return pixels -> {
        if (left-- == 0) {
          throw new IllegalStateException("stopped");
        }
        return classifier.logits(pixels);
      };
    }
  }

  @Test
  void anEvaluationGoesOnFromItsJournal() throws Exception {
    copy("journal", folder);
    Path journal = folder.resolve("journal.jsonl");
    String begun = Files.readString(journal);

    EvaluationReport report = evaluate(journal, new Fuse(Integer.MAX_VALUE));

    EvaluationReport expected = EvaluationJson.read(text("report.json"));
    assertThat(report.settings()).isEqualTo(expected.settings());
    assertThat(report.data()).isEqualTo(expected.data());
    assertThat(predictions(report)).isEqualTo(predictions(expected)).hasSize(1 + 3 * 6);
    assertThat(report.model("tiny").threats())
        .extracting(ThreatResult::robust)
        .isEqualTo(expected.model("tiny").threats().stream().map(ThreatResult::robust).toList());
    assertThat(Files.readString(journal)).startsWith(begun);
    // what was finished is not done again
    assertThat(evaluate(journal, new Fuse(0))).isEqualTo(report);
    assertThat(report.model("tiny").threats().get(0).attacks().get(0))
        .isEqualTo(expected.model("tiny").threats().get(0).attacks().get(0));
  }

  private static List<List<Integer>> predictions(EvaluationReport report) {
    List<List<Integer>> predictions = new ArrayList<>();
    for (ModelResult model : report.models()) {
      predictions.add(model.cleanPredictions());
      for (ThreatResult threat : model.threats()) {
        threat.attacks().forEach(attack -> predictions.add(attack.predictions()));
      }
    }
    return predictions;
  }

  private static void copy(String folder, Path to) throws IOException, URISyntaxException {
    Path from =
        Path.of(
            Objects.requireNonNull(
                    EarlierEvaluationsTest.class.getResource("/earlier/evaluation/" + folder))
                .toURI());
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }

  private static String text(String file) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(
            EarlierEvaluationsTest.class.getResourceAsStream("/earlier/evaluation/" + file))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** Writes two evaluations that are half done, and how each ends. */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    autoAttack(folder.resolve("autoattack"), AttackControl.unlimited().withForwardLimit(110));
    Path whole = Files.createTempDirectory("whole");
    Found found = autoAttack(whole.resolve("autoattack"), AttackControl.unlimited());
    Files.writeString(folder.resolve("autoattack.json"), new Gson().toJson(found) + "\n");
    Path journal = folder.resolve("journal").resolve("journal.jsonl");
    assertThatThrownBy(() -> evaluate(journal, new Fuse(250))).hasMessage("stopped");
    Path copy = Files.copy(journal, whole.resolve("journal.jsonl"));
    EvaluationReport report = evaluate(copy, new Fuse(Integer.MAX_VALUE));
    Files.writeString(folder.resolve("report.json"), EvaluationJson.write(report) + "\n");
  }
}
