package dev.fare.evaluation.autoattack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonObject;
import dev.fare.AttackControl;
import dev.fare.AttackResult.StopReason;
import dev.fare.Classifier;
import dev.fare.ThreatModel;
import dev.fare.attacks.AutoAttack;
import dev.fare.attacks.AutoAttack.Part;
import dev.fare.attacks.AutoAttack.Version;
import dev.fare.attacks.SquareAttack;
import dev.fare.attacks.TinyModels;
import dev.fare.attacks.Vectors;
import dev.fare.attacks.objective.ClassificationLoss;
import dev.fare.evaluation.autoattack.AutoAttackReport.Row;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class AutoAttackEvaluationTest {

  private static final JsonObject MODELS = Vectors.read("a_apgd_runs");
  private static final ThreatModel LINF = ThreatModel.linf(0.05);

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final Classifier model = TinyModels.of(manager, MODELS.getAsJsonObject("models"), "mlp");
  private final NDArray x = Vectors.tensor(manager, MODELS.get("x"));
  private final NDArray labels = Vectors.labels(manager, MODELS.get("y"));

  @AfterEach
  void close() {
    manager.close();
  }

  private static AutoAttack.Builder quick(ThreatModel threatModel) {
    return AutoAttack.builder(threatModel).steps(10).queries(20);
  }

  private static AutoAttackEvaluation.Builder of(AutoAttack.Builder attack) {
    return AutoAttackEvaluation.builder(attack.build());
  }

  @Test
  void reportsTheWorstCaseWithATable() {
    AutoAttackReport report = of(quick(LINF)).build().evaluate(model, x, labels);

    // recorded runs: 7 of 8 right, three of them keep their class for 10 steps of APGD-CE
    assertThat(report.cleanAccuracy()).isEqualTo(7 / 8.0);
    assertThat(report.robustAccuracy()).isEqualTo(3 / 8.0);
    assertThat(report.rows())
        .extracting(Row::attack)
        .containsExactly("apgd-ce", "apgd-t", "fab-t", "square");
    assertThat(report.rows()).extracting(Row::attacked).containsExactly(7, 3, 3, 3);
    assertThat(report.rows().get(0).succeeded()).isEqualTo(4);
    assertThat(report.table())
        .containsPattern("clean +87.50%")
        .contains("apgd-ce            7         4   37.50%");
    assertThat(report.stopReason()).isEqualTo(StopReason.COMPLETED);
    assertAllFooled(report);
  }

  private void assertAllFooled(AutoAttackReport report) {
    long[] predicted = model.logits(report.images()).argMax(1).toLongArray();
    long[] right = labels.toLongArray();
    for (int i = 0; i < right.length; i++) {
      assertThat(predicted[i] == right[i]).isEqualTo(report.outcomes().get(i).isRobust());
    }
    assertThat(report.threatModel().around(x).contains(report.images()).all().getBoolean())
        .isTrue();
  }

  @ParameterizedTest
  @EnumSource(Version.class)
  void everyVersionFindsWhatItsFirstAttackFinds(Version version) {
    for (ThreatModel threatModel : List.of(LINF, ThreatModel.l2(0.6), ThreatModel.l1(3))) {
      AutoAttackReport report =
          of(quick(threatModel).version(version)).build().evaluate(model, x, labels);

      assertAllFooled(report);
      assertThat(report.robustAccuracy())
          .isLessThanOrEqualTo(report.rows().get(0).robustAccuracy());
    }
  }

  @Test
  void givesTheSameAnswerForEveryBatchSizeAndOrder() {
    Classifier exact = TinyModels.imageByImage(model);
    AutoAttackEvaluation whole = of(quick(LINF).seed(3)).build();
    AutoAttackEvaluation single = of(quick(LINF).seed(3)).batchSize(3).build();
    long[] backwards = {7, 6, 5, 4, 3, 2, 1, 0};
    NDArray rows = manager.create(backwards);

    AutoAttackReport all = whole.evaluate(exact, x, labels);
    AutoAttackReport threes = single.evaluate(exact, x.get(rows), labels.get(rows), backwards);

    assertThat(threes.images().get(rows).toFloatArray())
        .containsExactly(all.images().toFloatArray());
    for (int i = 0; i < 8; i++) {
      assertThat(threes.outcomes().get(7 - i)).isEqualTo(all.outcomes().get(i));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void worksWithFewClasses(int classes) {
    Classifier few = pixels -> model.logits(pixels).get(":,:" + classes);
    NDArray right = few.logits(x).argMax(1);

    AutoAttackReport report = of(quick(LINF).version(Version.PLUS)).build().evaluate(few, x, right);

    assertThat(report.cleanAccuracy()).isEqualTo(1);
    assertThat(report.robustAccuracy()).isLessThan(1);
    assertThat(report.warnings())
        .contains(new AutoAttackWarning.FewClasses("apgd-t", classes, 9, classes - 1))
        .contains(new AutoAttackWarning.FewClasses("fab-t", classes, 9, classes - 1));
    AutoAttackReport paper = of(quick(LINF).version(Version.PAPER)).build().evaluate(few, x, right);
    assertThat(paper.rows()).hasSize(classes == 2 ? 1 : 2);
  }

  @Test
  void warnsOfRandomOutputsAndOfProbabilities() {
    Random random = new Random(1);
    Classifier noisy =
        pixels ->
            model.logits(pixels).mul(1 + 0.1 * random.nextGaussian()).add(random.nextGaussian());
    Classifier softmax = pixels -> model.logits(pixels).softmax(1);
    Part square =
        new Part(
            "square", ClassificationLoss.MARGIN, SquareAttack.builder(LINF).queries(1).build());
    AutoAttackEvaluation attack = of(quick(LINF).parts(List.of(square))).build();

    assertThat(attack.evaluate(noisy, x, labels).warnings())
        .hasAtLeastOneElementOfType(AutoAttackWarning.RandomizedModel.class);
    assertThat(attack.evaluate(softmax, x, labels).warnings())
        .containsExactly(new AutoAttackWarning.ProbabilityOutputs());
    assertThat(attack.evaluate(model, x, labels).warnings()).isEmpty();
  }

  @Test
  void warnsOfGradientsThatVanishAndOfABlackBoxThatWins() {
    // rounded to steps of one: the sum keeps the graph connected, without a slope
    Classifier masked =
        pixels ->
            model
                .logits(pixels.mul(255 / 8.0).round().mul(8 / 255.0).stopGradient())
                .add(pixels.sum().mul(0));
    NDArray right = masked.logits(x).argMax(1);
    AutoAttackReport report =
        of(AutoAttack.builder(ThreatModel.linf(0.15)).steps(2).queries(300))
            .build()
            .evaluate(masked, x, right);

    assertThat(report.warnings())
        .contains(new AutoAttackWarning.ZeroGradients("apgd-ce", 8))
        .hasAtLeastOneElementOfType(AutoAttackWarning.BlackBoxWins.class);
  }

  @Test
  void goesOnAfterAnInterruptionWithTheSameResult(@TempDir Path directory) {
    AutoAttackReport whole = of(quick(LINF)).batchSize(2).build().evaluate(model, x, labels);
    AttackControl limited = AttackControl.unlimited().withForwardLimit(45);
    AutoAttackReport part =
        of(quick(LINF))
            .batchSize(2)
            .stateDirectory(directory)
            .control(limited)
            .build()
            .evaluate(model, x, labels);
    assertThat(part.stopReason()).isEqualTo(StopReason.FORWARD_LIMIT);
    assertThat(part.robustAccuracy()).isGreaterThan(whole.robustAccuracy());

    AutoAttackReport resumed =
        of(quick(LINF)).batchSize(2).stateDirectory(directory).build().evaluate(model, x, labels);

    assertThat(resumed.outcomes()).isEqualTo(whole.outcomes());
    assertThat(resumed.images().toFloatArray())
        .containsExactly(whole.images().toFloatArray(), within(1e-6f));
    assertThat(resumed.rows())
        .extracting(Row::attacked)
        .isEqualTo(whole.rows().stream().map(Row::attacked).toList());
  }

  @Test
  void refusesTheStateOfAnotherEvaluation(@TempDir Path directory) throws Exception {
    of(quick(LINF)).stateDirectory(directory).build().evaluate(model, x, labels);

    assertThatThrownBy(
            () ->
                of(quick(LINF).steps(11))
                    .stateDirectory(directory)
                    .build()
                    .evaluate(model, x, labels))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("belongs to another evaluation");
  }

  @Test
  void endsWhenAnotherThreadCancels() {
    AttackControl control = AttackControl.unlimited();
    AutoAttack.Builder attack =
        AutoAttack.builder(LINF)
            .listener(
                progress -> {
                  if (progress.step() == 2) {
                    control.cancel();
                  }
                });

    AutoAttackReport report = of(attack).control(control).build().evaluate(model, x, labels);

    assertThat(report.stopReason()).isEqualTo(StopReason.CANCELLED);
    assertThat(report.rows()).hasSize(1);
  }

  @Test
  void refusesLabelsThatAreNotOnePerImage() {
    AutoAttackEvaluation evaluation = of(quick(LINF)).build();
    NDArray five = labels.get(":5");
    NDArray four = x.get(":4");

    assertThatThrownBy(() -> evaluation.evaluate(model, four, five))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("there must be one label per image, [4], got (5)");
    assertThatThrownBy(() -> evaluation.evaluate(model, four, labels.get(":4"), new long[3]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("there must be one image id per image, got 3 for 4 images");
  }
}
