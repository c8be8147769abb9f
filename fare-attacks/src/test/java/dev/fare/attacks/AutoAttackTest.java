package dev.fare.attacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonObject;
import dev.fare.AttackControl;
import dev.fare.AttackResult;
import dev.fare.AttackResult.StopReason;
import dev.fare.Classifier;
import dev.fare.Norm;
import dev.fare.ThreatModel;
import dev.fare.attacks.AutoAttack.Part;
import dev.fare.attacks.AutoAttack.Version;
import dev.fare.attacks.AutoAttackReport.Row;
import dev.fare.attacks.objective.ClassificationLoss;
import dev.fare.attacks.tensor.Rows;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class AutoAttackTest {

  private static final JsonObject MODELS = Vectors.read("a_apgd_runs");
  private static final ThreatModel LINF = ThreatModel.linf(0.05);

  private NDManager manager;
  private Classifier model;
  private NDArray x;
  private NDArray labels;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager("PyTorch");
    model = TinyModels.of(manager, MODELS.getAsJsonObject("models"), "mlp");
    x = Vectors.tensor(manager, MODELS.get("x"));
    labels = Vectors.labels(manager, MODELS.get("y"));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private static AutoAttack.Builder quick(ThreatModel threatModel) {
    return AutoAttack.builder(threatModel).steps(10).queries(20);
  }

  @Test
  void reportsTheWorstCaseWithATable() {
    AutoAttackReport report = quick(LINF).build().evaluate(model, x, labels);

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
          quick(threatModel).version(version).build().evaluate(model, x, labels);

      assertAllFooled(report);
      assertThat(report.robustAccuracy())
          .isLessThanOrEqualTo(report.rows().get(0).robustAccuracy());
    }
  }

  /** The parameters that the published code sets for each of its versions. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          STANDARD | LINF | apgd-ce 1 restarts, apgd-t 9 targets, fab-t 9 targets, square 5000
          STANDARD | L2   | apgd-ce 1 restarts, apgd-t 9 targets, fab-t 9 targets, square 5000
          STANDARD | L1   | apgd-ce 5 restarts larger, apgd-t 5 targets larger, fab-t 9 targets, square 5000
          PLUS     | LINF | apgd-ce 5 restarts, apgd-dlr 5 restarts, fab 5 restarts, square 5000, apgd-t 9 targets, fab-t 9 targets
          RAND     | L2   | apgd-ce 1 restarts 20 gradients, apgd-dlr 1 restarts 20 gradients
          PAPER    | LINF | apgd-ce 5 restarts, apgd-t 9 targets
          """)
  void hasThePublishedSettings(Version version, Norm norm, String expected) {
    AutoAttack attack = AutoAttack.builder(new ThreatModel(norm, 0.5)).version(version).build();

    assertThat(String.join(", ", attack.parts().stream().map(AutoAttackTest::summary).toList()))
        .isEqualTo(expected);
  }

  private static String summary(Part part) {
    String settings = part.attack().toString();
    if (!(part.attack() instanceof SquareAttack)) {
      assertThat(settings).contains("steps=100");
    }
    if (settings.startsWith("Square")) {
      return part.name() + " " + after(settings, "queries=");
    }
    boolean isTargeted = part.name().endsWith("-t");
    boolean isAveraged = settings.contains("gradientsPerStep=20");
    if (isTargeted) {
      assertThat(after(settings, "restarts=")).isEqualTo("1");
    }
    // a random model's first success may be luck
    assertThat(settings.contains("stopAtSuccess=true"))
        .isEqualTo(settings.contains("Apgd") && !isAveraged);
    return part.name()
        + (isTargeted
            ? " " + after(settings, "targets=") + " targets"
            : " " + after(settings, "restarts=") + " restarts")
        + (settings.contains("largerEpsilons=true") ? " larger" : "")
        + (isAveraged ? " 20 gradients" : "");
  }

  private static String after(String settings, String name) {
    String rest = settings.substring(settings.indexOf(name) + name.length());
    return rest.substring(0, rest.indexOf(','));
  }

  @Test
  void givesTheSameAnswerForEveryBatchSizeAndOrder() {
    Classifier exact = TinyModels.imageByImage(model);
    AutoAttack whole = quick(LINF).seed(3).build();
    AutoAttack single = quick(LINF).seed(3).batchSize(3).build();
    long[] backwards = {7, 6, 5, 4, 3, 2, 1, 0};
    NDArray rows = manager.create(backwards);

    AutoAttackReport all = whole.evaluate(exact, x, labels);
    AutoAttackReport threes =
        single.evaluate(exact, Rows.take(x, rows), Rows.take(labels, rows), backwards);

    assertThat(Rows.take(threes.images(), rows).toFloatArray())
        .containsExactly(all.images().toFloatArray());
    for (int i = 0; i < 8; i++) {
      assertThat(threes.outcomes().get(7 - i)).isEqualTo(all.outcomes().get(i));
    }
  }

  @Test
  void isAnAttackThatReturnsTheWorstOfItsParts() {
    AttackResult result = quick(LINF).build().perturb(Objectives.crossEntropy(model, labels), x);

    assertThat(result.succeeded().toBooleanArray())
        .containsExactly(false, false, true, true, false, true, true, true);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void worksWithFewClasses(int classes) {
    Classifier few = pixels -> model.logits(pixels).get(":,:" + classes);
    NDArray right = few.logits(x).argMax(1);

    AutoAttackReport report = quick(LINF).version(Version.PLUS).build().evaluate(few, x, right);

    assertThat(report.cleanAccuracy()).isEqualTo(1);
    assertThat(report.robustAccuracy()).isLessThan(1);
    assertThat(report.warnings())
        .contains(new AutoAttackWarning.FewClasses("apgd-t", classes, 9, classes - 1))
        .contains(new AutoAttackWarning.FewClasses("fab-t", classes, 9, classes - 1));
    AutoAttackReport paper = quick(LINF).version(Version.PAPER).build().evaluate(few, x, right);
    assertThat(paper.rows()).hasSize(classes == 2 ? 1 : 2);
  }

  @Test
  void warnsOfRandomOutputsAndOfProbabilities() {
    Random random = new Random(1);
    Classifier noisy =
        pixels ->
            model.logits(pixels).mul(1 + 0.1 * random.nextGaussian()).add(random.nextGaussian());
    Classifier softmax = pixels -> model.logits(pixels).softmax(1);
    AutoAttack attack =
        quick(LINF)
            .parts(
                List.of(
                    new Part(
                        "square",
                        ClassificationLoss.MARGIN,
                        SquareAttack.builder(LINF).queries(1).build())))
            .build();

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
        AutoAttack.builder(ThreatModel.linf(0.15))
            .steps(2)
            .queries(300)
            .build()
            .evaluate(masked, x, right);

    assertThat(report.warnings())
        .contains(new AutoAttackWarning.ZeroGradients("apgd-ce", 8))
        .hasAtLeastOneElementOfType(AutoAttackWarning.BlackBoxWins.class);
  }

  @Test
  void goesOnAfterAnInterruptionWithTheSameResult(@TempDir Path directory) {
    AutoAttackReport whole = quick(LINF).batchSize(2).build().evaluate(model, x, labels);
    AttackControl limited = AttackControl.unlimited().withForwardLimit(45);
    AutoAttackReport part =
        quick(LINF)
            .batchSize(2)
            .stateDirectory(directory)
            .control(limited)
            .build()
            .evaluate(model, x, labels);
    assertThat(part.stopReason()).isEqualTo(StopReason.FORWARD_LIMIT);
    assertThat(part.robustAccuracy()).isGreaterThan(whole.robustAccuracy());

    AutoAttackReport resumed =
        quick(LINF).batchSize(2).stateDirectory(directory).build().evaluate(model, x, labels);

    assertThat(resumed.outcomes()).isEqualTo(whole.outcomes());
    assertThat(resumed.images().toFloatArray())
        .containsExactly(whole.images().toFloatArray(), within(1e-6f));
    assertThat(resumed.rows())
        .extracting(Row::attacked)
        .isEqualTo(whole.rows().stream().map(Row::attacked).toList());
  }

  @Test
  void refusesTheStateOfAnotherEvaluation(@TempDir Path directory) throws Exception {
    quick(LINF).stateDirectory(directory).build().evaluate(model, x, labels);

    assertThatThrownBy(
            () ->
                quick(LINF).steps(11).stateDirectory(directory).build().evaluate(model, x, labels))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("other attacks, settings, images or labels; use another directory");
    Files.writeString(directory.resolve("state.json"), "{");
    assertThatThrownBy(
            () -> quick(LINF).stateDirectory(directory).build().evaluate(model, x, labels))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is not an evaluation's state");
  }

  @Test
  void endsWhenAnotherThreadCancels() {
    AttackControl control = AttackControl.unlimited();
    AutoAttack attack =
        AutoAttack.builder(LINF)
            .control(control)
            .listener(
                progress -> {
                  if (progress.iteration() == 2) {
                    control.cancel();
                  }
                })
            .build();

    AutoAttackReport report = attack.evaluate(model, x, labels);

    assertThat(report.stopReason()).isEqualTo(StopReason.CANCELLED);
    assertThat(report.rows()).hasSize(1);
  }

  @Test
  void refusesPartsOfAnotherThreatModel() {
    Part part =
        new Part("pgd", ClassificationLoss.CROSS_ENTROPY, PgdAttack.fgsm(ThreatModel.linf(0.1)));

    assertThatThrownBy(() -> AutoAttack.builder(LINF).parts(List.of(part)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(
            "pgd must have the threat model ThreatModel[norm=LINF, epsilon=0.05]");
  }
}
