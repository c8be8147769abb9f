package dev.fare.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.Classifier;
import dev.fare.ThreatModel;
import dev.fare.attacks.AutoAttack;
import dev.fare.data.InMemoryImages;
import dev.fare.evaluation.autoattack.AutoAttackEvaluation;
import dev.fare.evaluation.autoattack.AutoAttackReport;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EvaluationAttacksTest {

  private static final int SIDE = 2;
  private static final int PIXELS = 3 * SIDE * SIDE;

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private NDArray weights;

  @AfterEach
  void close() {
    manager.close();
  }

  /** Logits are sums of signed pixels: class 0 counts bright ones, class 1 dark ones. */
  private Classifier linear(int classes) {
    float[] columns = new float[PIXELS * classes];
    for (int pixel = 0; pixel < PIXELS; pixel++) {
      for (int label = 0; label < classes; label++) {
        columns[pixel * classes + label] = label == 0 ? 1 : label == 1 ? -1 : -3 - 0.1f * label;
      }
    }
    weights = manager.create(columns).reshape(PIXELS, classes);
    return pixels -> pixels.sub(0.5).reshape(-1, PIXELS).matMul(weights);
  }

  /** Grey images; the margin of brightness v is |v − 1/2| for every attack in l∞. */
  private static InMemoryImages greys(int classes, float... values) {
    float[] pixels = new float[PIXELS * values.length];
    int[] labels = new int[values.length];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = values[i / PIXELS];
    }
    return InMemoryImages.of(pixels, SIDE)
        .labels(labels, IntStream.range(0, classes).mapToObj(i -> "class " + i).toList());
  }

  static List<EvaluationAttack> attacks() {
    return List.of(
        EvaluationAttacks.pgd(10, 1, 0),
        EvaluationAttacks.apgdCrossEntropy(10, 2, 0),
        EvaluationAttacks.apgdDlr(10, 1, 0),
        EvaluationAttacks.apgdTargeted(10, 1, 0),
        EvaluationAttacks.fab(10, 0),
        EvaluationAttacks.square(200, 0),
        EvaluationAttacks.autoAttack(AutoAttack.Version.PAPER, 0));
  }

  @ParameterizedTest
  @MethodSource("attacks")
  void changesExactlyTheImagesWhoseMarginIsSmallerThanEpsilon(EvaluationAttack attack) {
    EvaluationReport report =
        RobustnessEvaluation.builder(SIDE)
            .model("linear", linear(2))
            .attack(attack)
            .linf(0.1, 0.2)
            .build()
            .evaluate("greys", greys(2, 0.53f, 0.58f, 0.66f, 0.8f));

    assertThat(report.models().get(0).threats())
        .extracting(threat -> threat.robust().correct())
        .containsExactly(2, 1);
  }

  @Test
  void theProtocolOfThePaperIsAutoAttacksPaperVersion() {
    InMemoryImages images = greys(4, 0.53f, 0.58f, 0.66f, 0.8f);
    Classifier classifier = linear(4);

    ThreatResult threat = evaluate(classifier, images, 4);

    assertThat(threat.attacks())
        .extracting(AttackOutcome::attack)
        .containsExactly("APGD-CE", "APGD-T");
    NDArray pixels = manager.create(new float[] {.53f, .58f, .66f, .8f}).reshape(4, 1, 1, 1);
    NDArray all = pixels.repeat(1, 3).repeat(2, SIDE).repeat(3, SIDE);
    AutoAttack paper =
        AutoAttack.builder(ThreatModel.linf(0.1)).version(AutoAttack.Version.PAPER).build();
    try (AutoAttackReport whole =
        AutoAttackEvaluation.builder(paper)
            .build()
            .evaluate(classifier, all, manager.create(new long[] {0, 0, 0, 0}))) {
      assertThat(threat.robust().value()).isEqualTo(whole.robustAccuracy());
    }
  }

  private static ThreatResult evaluate(Classifier classifier, InMemoryImages images, int classes) {
    RobustnessEvaluation.Builder builder =
        RobustnessEvaluation.builder(SIDE).model("linear", classifier).linf(0.1).cascade(true);
    EvaluationAttacks.zeroShotProtocol(classes, 0).forEach(builder::attack);
    return builder.build().evaluate("greys", images).models().get(0).threats().get(0);
  }

  @Test
  void withTwoClassesOnlyTheCrossEntropyIsClimbed() {
    ThreatResult threat = evaluate(linear(2), greys(2, 0.53f, 0.66f), 2);

    assertThat(threat.attacks()).extracting(AttackOutcome::attack).containsExactly("APGD-CE");
    assertThat(threat.robust().correct()).isEqualTo(1);
  }

  @Test
  void saysWhatAReaderNeedsToRepeatIt() {
    assertThat(EvaluationAttacks.zeroShotProtocol(3, 7))
        .extracting(EvaluationAttack::settings)
        .containsExactly(
            "cross-entropy, 100 iterations, 5 restarts, seed 7",
            "targeted difference of logits ratio, 100 iterations, 9 targets, seed 7");
  }
}
