package dev.fare.attacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import dev.fare.AttackControl;
import dev.fare.AttackListener;
import dev.fare.AttackResult;
import dev.fare.AttackResult.Scores;
import dev.fare.AttackResult.StopReason;
import dev.fare.Classifier;
import dev.fare.EmbeddingMetric;
import dev.fare.ImageEncoder;
import dev.fare.Norm;
import dev.fare.Objective;
import dev.fare.ThreatModel;
import dev.fare.attacks.objective.ClassificationObjective;
import dev.fare.torch.Autograd;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Restarts, early stops, budgets, staged attacks, sweeps: what is built around one run. */
class AttackModesTest {

  private static final JsonObject MODELS = Vectors.read("a_apgd_runs");
  private static final ThreatModel LINF = ThreatModel.linf(0.05);

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final Classifier model = TinyModels.of(manager, MODELS.getAsJsonObject("models"), "mlp");
  private final NDArray x = Vectors.tensor(manager, MODELS.get("x"));
  private final ClassificationObjective objective =
      Objectives.crossEntropy(model, Vectors.labels(manager, MODELS.get("y")));

  @AfterEach
  void close() {
    manager.close();
  }

  /** The same objective, which can't be narrowed. */
  private static Objective rigid(Objective objective) {
    return new Objective() {
      @Override
      public NDArray forward(NDArray pixels) {
        return objective.forward(pixels);
      }

      @Override
      public NDArray losses(NDArray outputs) {
        return objective.losses(outputs);
      }

      @Override
      public NDArray succeeded(NDArray outputs) {
        return objective.succeeded(outputs);
      }
    };
  }

  @ParameterizedTest
  @EnumSource(Norm.class)
  void leavingTheBatchChangesTheCostAndNotTheResult(Norm norm) {
    ThreatModel threatModel =
        new ThreatModel(norm, norm == Norm.LINF ? 0.05 : norm == Norm.L2 ? 0.6 : 3);
    Objective objective =
        Objectives.crossEntropy(TinyModels.imageByImage(model), this.objective.labels());
    for (ImageAttack attack :
        List.of(
            ApgdAttack.builder(threatModel).steps(20).restarts(3).stopAtSuccess(true).build(),
            PgdAttack.builder(threatModel).steps(20).restarts(2).stopAtSuccess(true).build())) {

      AttackResult narrowed = attack.perturb(objective, x);
      AttackResult whole = attack.perturb(rigid(objective), x);

      assertThat(narrowed.succeeded().toBooleanArray())
          .containsExactly(whole.succeeded().toBooleanArray());
      assertThat(narrowed.images().toFloatArray()).containsExactly(whole.images().toFloatArray());
      assertThat(narrowed.cost().forwards()).isLessThan(whole.cost().forwards());
    }
  }

  @Test
  void restartsAttackOnlyWhatHasNotFallen() {
    List<Long> sizes = new ArrayList<>();
    ApgdAttack attack =
        ApgdAttack.builder(LINF)
            .steps(10)
            .restarts(2)
            .listener(progress -> sizes.add(progress.images()))
            .build();

    AttackResult result = attack.perturb(objective, x);

    assertThat(sizes.subList(0, 10)).containsOnly(7L); // one is wrong as it is
    assertThat(sizes.subList(10, 20)).containsOnly(3L); // the recorded run leaves three
    assertThat(result.cost().forwards()).isEqualTo(8 + 7 * 11 + 3 * 11);
    assertThat(result.cost().backwards()).isEqualTo(7 * 10 + 3 * 10);
    assertThat(result.images().get("7").toFloatArray()).containsExactly(x.get("7").toFloatArray());
  }

  @Test
  void aGivenStartCountsAsDrawnInL1IfAsked() {
    ThreatModel l1 = ThreatModel.l1(3);
    ApgdAttack.Builder builder = ApgdAttack.builder(l1).steps(3).randomStart(false);
    NDArray own = builder.build().perturb(objective, x).highestLossImages();

    NDArray given = builder.build().perturb(objective, x, x).highestLossImages();
    NDArray drawn =
        builder.sparsityOfStart(false).build().perturb(objective, x, x).highestLossImages();

    assertThat(drawn.toFloatArray()).containsExactly(own.toFloatArray());
    assertThat(given.toFloatArray()).isNotEqualTo(own.toFloatArray());
  }

  @Test
  void stepSizesAreHalvedWhereTheCheckpointsSay() {
    List<Integer> changes = new ArrayList<>();
    float[] last = {0};
    ApgdAttack.builder(LINF)
        .steps(20)
        .checkpoints(0.5, 0.1, 0.2)
        .listener(
            progress -> {
              float sum = progress.stepSizes().sum().getFloat();
              if (progress.step() > 0 && sum != last[0]) {
                changes.add(progress.step());
              }
              last[0] = sum;
            })
        .build()
        .perturb(objective, x);

    // windows of 10, 8, 6 and so on
    assertThat(changes).isNotEmpty().isSubsetOf(10, 18);
    assertThat(ApgdAttack.builder(LINF).checkpoints(0.5, 0.1, 0.2).build().toString())
        .contains("checkpoints=Shares[first=0.5, shrink=0.1, least=0.2]");
  }

  @Test
  void fromTheCleanImageThereIsNothingToClimbForTheSameEncoder() {
    ImageEncoder encoder = new LogitsAsEmbedding(model);
    PgdAttack pgd = PgdAttack.builder(LINF).randomStart(false).build();

    AttackResult result = pgd.perturb(Objectives.embeddingShift(encoder, x), x);

    assertThat(result.images().toFloatArray()).containsExactly(x.toFloatArray());
    assertThat(result.cost().zeroStartGradients()).isEqualTo(8);
  }

  @Test
  void bestLossOfSeveralRestartsIsNoLowerThanOfOne() {
    ApgdAttack.Builder builder = ApgdAttack.builder(LINF).steps(10).bestLoss(true);

    NDArray one = builder.restarts(1).build().perturb(objective, x).losses();
    NDArray five = builder.restarts(5).build().perturb(objective, x).losses();

    assertThat(five.gte(one.sub(1e-6)).all().getBoolean()).isTrue();
    assertThat(five.gt(one.add(1e-6)).any().getBoolean()).isTrue();
  }

  @Test
  void shrinkingTheBallHelpsInL1AndIsAllowedElsewhere() {
    ThreatModel l1 = ThreatModel.l1(3);
    AttackResult plain = ApgdAttack.builder(l1).steps(30).build().perturb(objective, x);
    AttackResult shrinking =
        ApgdAttack.builder(l1).steps(30).useLargerEpsilons(true).build().perturb(objective, x);

    assertThat(shrinking.losses().mean().getFloat())
        .isGreaterThan(plain.losses().mean().getFloat());
    assertThat(l1.around(x).contains(shrinking.images()).all().getBoolean()).isTrue();
    for (ThreatModel threat : List.of(LINF, ThreatModel.linf(0.5), ThreatModel.l2(0.6))) {
      AttackResult other =
          ApgdAttack.builder(threat)
              .steps(10)
              .useLargerEpsilons(true)
              .build()
              .perturb(objective, x);
      assertThat(threat.around(x).contains(other.images()).all().getBoolean()).isTrue();
    }
  }

  @Test
  void pgdCanKeepTheBestOfItsPoints() {
    PgdAttack.Builder builder = PgdAttack.builder(LINF).steps(8).stepSize(0.08).seed(5);

    AttackResult last = builder.build().perturb(objective, x);
    AttackResult best = builder.keepBest(true).build().perturb(objective, x);

    assertThat(best.losses().gte(last.losses().sub(1e-5)).all().getBoolean()).isTrue();
    assertThat(best.cost().forwards()).isEqualTo(8 * 9);
    Scores replayed = Transfer.replay(best.highestLossImages(), objective);
    assertThat(replayed.losses().toFloatArray())
        .containsExactly(best.losses().toFloatArray(), within(1e-5f));
  }

  @Test
  void everyAttackTellsItsListenerAfterEachStep() {
    List<String> heard = new ArrayList<>();
    AttackListener listener =
        progress -> {
          heard.add(progress.attack() + " " + progress.step() + "/" + progress.steps());
          assertThat(progress.meanLoss()).isFinite();
          assertThat(progress.stepSizes().size()).isEqualTo(progress.images());
        };
    ThreatModel small = ThreatModel.linf(0.001);

    PgdAttack.builder(small).steps(2).listener(listener).build().perturb(objective, x);
    ApgdAttack.builder(small).steps(2).listener(listener).build().perturb(objective, x);
    FabAttack.builder(small).steps(2).listener(listener).build().perturb(objective, x);
    SquareAttack.builder(small).queries(2).listener(listener).build().perturb(objective, x);

    assertThat(heard)
        .containsExactly(
            "PGD 0/2",
            "PGD 1/2",
            "APGD 0/2",
            "APGD 1/2",
            "FAB 0/2",
            "FAB 1/2",
            "Square 0/2",
            "Square 1/2");
  }

  @Test
  void fgsmIsOneSignedStep() {
    NDArray slope = manager.create(new float[] {3, -2, 0, 1}, new Shape(1, 1, 2, 2));
    NDArray image = manager.create(new float[] {0.5f, 0.5f, 0.5f, 0.99f}, new Shape(1, 1, 2, 2));

    AttackResult result =
        PgdAttack.fgsm(ThreatModel.linf(0.1)).perturb(new LinearObjective(slope, 0), image);

    assertThat(result.images().toFloatArray())
        .containsExactly(new float[] {0.6f, 0.4f, 0.5f, 1}, within(1e-6f));
    assertThat(result.cost().backwards()).isEqualTo(1);
  }

  @Test
  void goesForAWantedClass() {
    NDArray targets = manager.create(new long[] {3, 3, 3, 0, 1, 3, 4, 2});
    Objective wanted = Objectives.targetedCrossEntropy(model, targets);

    AttackResult result = ApgdAttack.builder(ThreatModel.linf(0.2)).build().perturb(wanted, x);

    assertThat(result.succeeded().toBooleanArray()).containsOnly(true);
    assertThat(model.logits(result.images()).argMax(1).toLongArray())
        .containsExactly(targets.toLongArray());
  }

  @Test
  void aBudgetEndsAnAttackWithTheBestSoFar() {
    AttackControl control = AttackControl.unlimited().withForwardLimit(8 * 5);
    ApgdAttack attack = ApgdAttack.builder(LINF).control(control).build();

    AttackResult result = attack.perturb(objective, x);

    assertThat(result.stopReason()).isEqualTo(StopReason.FORWARD_LIMIT);
    assertThat(result.cost().forwards()).isEqualTo(8 * 5);
    assertThat(result.losses().gt(Float.NEGATIVE_INFINITY).all().getBoolean()).isTrue();
  }

  @Test
  void aSecondStageStartsWhereTheFirstEnded() {
    Objective coarse =
        Objectives.crossEntropy(
            pixels -> model.logits(Autograd.scaled(Autograd.scaled(pixels, 64), 1 / 64.0)),
            objective.labels());
    ApgdAttack apgd = ApgdAttack.builder(LINF).steps(10).build();
    AttackResult first = apgd.perturb(coarse, x);

    AttackResult staged =
        StagedAttack.first(whole -> coarse, apgd).then(apgd).perturb(objective, x);

    Scores start = Transfer.replay(first.highestLossImages(), objective);
    assertThat(staged.losses().gte(start.losses().sub(1e-5)).all().getBoolean()).isTrue();
    assertThat(staged.cost().forwards()).isEqualTo(2 * 8 * 11);
  }

  @Test
  void aSweepAttacksWhatSmallerRadiiLeft() {
    double[] epsilons = {0.1, 0.02, 0.05};

    EpsilonSweep.Matrix matrix =
        EpsilonSweep.run(
            Norm.LINF, tm -> ApgdAttack.builder(tm).steps(10).build(), epsilons, objective, x);

    assertThat(matrix.epsilons()).containsExactly(0.02, 0.05, 0.1);
    for (int i = 0; i < 8; i++) {
      assertThat(!matrix.succeeded()[0][i] || matrix.succeeded()[1][i]).isTrue();
      assertThat(!matrix.succeeded()[1][i] || matrix.succeeded()[2][i]).isTrue();
    }
    assertThat(matrix.succeeded()[1])
        .containsExactly(false, false, true, true, false, true, true, true);
    assertThat(matrix.robustShares()[1]).isEqualTo(3 / 8.0);
    assertThat(matrix.cost().forwards()).isLessThan(3 * 8 * 11);
  }

  @Test
  void aMinimumNormAttackAnswersForAllRadiiAtOnceAndBisectionAgrees() {
    FabAttack fab = FabAttack.builder(ThreatModel.linf(1)).steps(20).targets(1).build();

    EpsilonSweep.Matrix matrix = EpsilonSweep.run(fab, new double[] {0.04, 0.06}, objective, x);
    EpsilonSweep.Smallest smallest =
        EpsilonSweep.bisect(
            Norm.LINF,
            tm -> ApgdAttack.builder(tm).steps(20).restarts(2).stopAtSuccess(true).build(),
            0.2,
            8,
            objective,
            x);

    // the recorded distances of FAB: .0542 .0842 .0464 .0424 .0544 .0280 .0504, and one is wrong
    assertThat(matrix.succeeded()[0])
        .containsExactly(false, false, false, false, false, true, false, true);
    assertThat(matrix.succeeded()[1])
        .containsExactly(true, false, true, true, true, true, true, true);
    double[] distances = {0.0542, 0.0842, 0.0464, 0.0424, 0.0544, 0.0280, 0.0504, 0};
    for (int i = 0; i < 8; i++) {
      assertThat(smallest.epsilons()[i]).isBetween(0.7 * distances[i], distances[i] + 0.002);
    }
  }

  @Test
  void embeddingsMoveAwayInEveryMetric() {
    ImageEncoder encoder = new LogitsAsEmbedding(model);
    for (EmbeddingMetric metric : EmbeddingMetric.values()) {
      NDArray reference = encoder.embed(x);
      Objective shift = Objectives.embeddingDistance(encoder, reference, metric);

      AttackResult result = ApgdAttack.builder(LINF).steps(10).build().perturb(shift, x);

      assertThat(result.losses().gt(0.001).all().getBoolean()).as(metric.name()).isTrue();
      assertThat(result.succeeded().toBooleanArray()).containsOnly(false);
    }
    assertThatThrownBy(() -> Objectives.embeddingDistance(encoder, manager.zeros(new Shape(8, 4))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("reference embeddings must be [N,5] as the encoder's, got (8, 4)");
  }

  private record LogitsAsEmbedding(Classifier model) implements ImageEncoder {
    @Override
    public NDArray embed(NDArray pixels) {
      return model.logits(pixels);
    }

    @Override
    public int embeddingSize() {
      return 5;
    }

    @Override
    public int imageSize() {
      return 8;
    }

    @Override
    public void close() {}
  }

  @Test
  void saysWhichLabelIsOutOfRange() {
    NDArray labels = manager.create(new long[] {0, 1, 2, 3, 4, 5, 0, 1});
    Objective wrong = Objectives.crossEntropy(model, labels);

    assertThatThrownBy(() -> PgdAttack.fgsm(LINF).perturb(wrong, x))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("got label 5 with 5 classes");
    assertThatThrownBy(() -> Objectives.crossEntropy(model, labels.sub(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("labels must be classes from 0 on, got -1");
  }

  @Test
  void refusesOtherLabelsThanOnePerImageBeforeItNarrows() {
    NDArray four = x.get(":4");
    ClassificationObjective five =
        Objectives.crossEntropy(model, manager.create(new long[] {0, 1, 2, 3, 4}));

    assertThatThrownBy(
            () -> EpsilonSweep.run(Norm.LINF, PgdAttack::fgsm, new double[] {0.1}, five, four))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("there must be one label per image, got 5 for 4 images");
    assertThatThrownBy(() -> five.select(manager.create(new long[] {0, 5})))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("rows must be indices of the objective's 5 images, got 0 to 5");
    assertThatThrownBy(() -> five.select(manager.create(new long[] {-1})))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
