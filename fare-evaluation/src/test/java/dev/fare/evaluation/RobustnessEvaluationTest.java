package dev.fare.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.Attack;
import dev.fare.AttackCost;
import dev.fare.AttackOptions;
import dev.fare.AttackResult;
import dev.fare.Classifier;
import dev.fare.Objective;
import dev.fare.SeededAttack;
import dev.fare.ThreatModel;
import dev.fare.data.InMemoryImages;
import dev.fare.evaluation.statistics.Accuracy;
import dev.fare.evaluation.statistics.ClassAccuracy;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RobustnessEvaluationTest {

  private static final float[] VALUES = {0.9f, 0.62f, 0.58f, 0.1f, 0.38f, 0.44f, 0.53f, 0.505f};

  @Test
  void countsExactlyTheImagesWhoseMarginIsSmallerThanEpsilon() {
    EvaluationReport report =
        RobustnessEvaluation.builder(1)
            .model("half", Toys.threshold(0.5))
            .attack(Toys.shift("full", 1))
            .linf(0.1, 0.02, 0.05)
            .build()
            .evaluate("greys", Toys.greys(VALUES));

    ModelResult half = report.model("half");
    assertThat(half.clean()).isEqualTo(new Accuracy(8, 8));
    // margins: .4 .12 .08 .4 .12 .06 .03 .005
    assertThat(half.threats())
        .extracting(t -> t.threatModel().epsilon())
        .containsExactly(.02, .05, .1);
    assertThat(half.threats()).extracting(t -> t.robust().correct()).containsExactly(7, 6, 4);
    assertThat(half.under(ThreatModel.linf(0.1)).byClass())
        .containsExactly(
            new ClassAccuracy(0, new Accuracy(2, 5)), new ClassAccuracy(1, new Accuracy(2, 3)));
    assertThat(half.under(ThreatModel.linf(0.1)).attacks().get(0).predictions())
        .containsExactly(0, 0, 1, 1, 1, 0, 1, 1);
  }

  @Test
  void attacksOnlyImagesThatAreStillRight() {
    EvaluationReport report =
        RobustnessEvaluation.builder(1)
            .model("shifted", Toys.threshold(0.55)) // .53 and .505 are wrong from the start
            .attack(Toys.shift("weak", 0.5))
            .attack(Toys.shift("full", 1))
            .linf(0.05, 0.1)
            .build()
            .evaluate("greys", Toys.greys(VALUES));

    ModelResult shifted = report.model("shifted");
    assertThat(shifted.clean()).isEqualTo(new Accuracy(6, 8));
    // margins: .35 .07 .03 .45 .17 .11
    assertThat(shifted.threats().get(0).attacks())
        .extracting(AttackOutcome::attacked, a -> a.robust().correct())
        .containsExactly(tuple(6, 6), tuple(6, 5));
    assertThat(shifted.threats().get(1).attacks())
        .extracting(AttackOutcome::attacked, a -> a.robust().correct())
        .containsExactly(tuple(6, 5), tuple(5, 4));
    assertThat(shifted.threats().get(1).robust()).isEqualTo(new Accuracy(4, 8));
  }

  @Test
  void loaderThreadsChangeNoResult() {
    RobustnessEvaluation.Builder builder =
        RobustnessEvaluation.builder(1)
            .model("half", Toys.threshold(0.5))
            .attack(Toys.shift("full", 1))
            .linf(0.05, 0.1)
            .batchSize(3);

    EvaluationReport alone = builder.build().evaluate("greys", Toys.greys(VALUES));
    EvaluationReport threads =
        builder.loaderThreads(2).build().evaluate("greys", Toys.greys(VALUES));

    assertThat(threads.models())
        .extracting(
            ModelResult::cleanPredictions, model -> model.under(ThreatModel.linf(0.1)).robust())
        .isEqualTo(
            alone.models().stream()
                .map(
                    model ->
                        tuple(
                            model.cleanPredictions(), model.under(ThreatModel.linf(0.1)).robust()))
                .toList());
  }

  @Test
  void aCascadeFindsTheSameWorstCaseWithFewerAttacks() {
    RobustnessEvaluation.Builder builder =
        RobustnessEvaluation.builder(1)
            .model("half", Toys.threshold(0.5))
            .attack(Toys.shift("full", 1))
            .attack(Toys.shift("weak", 0.5))
            .linf(0.05, 0.1);

    ModelResult all = builder.build().evaluate("greys", Toys.greys(VALUES)).models().get(0);
    ModelResult cascade =
        builder.cascade(true).build().evaluate("greys", Toys.greys(VALUES)).models().get(0);

    assertThat(cascade.threats())
        .extracting(ThreatResult::robust)
        .isEqualTo(all.threats().stream().map(ThreatResult::robust).toList());
    assertThat(all.threats().get(1).attacks().get(1).attacked()).isEqualTo(7);
    assertThat(cascade.threats().get(1).attacks().get(1).attacked()).isEqualTo(4);
    assertThat(cascade.threats().get(1).attacks().get(1).robust()).isEqualTo(new Accuracy(4, 8));
  }

  @Test
  void theWorstCaseCountsAnImageThatAnyAttackChanges() {
    // one attack works only on bright images, the other only on dark ones
    EvaluationReport report =
        RobustnessEvaluation.builder(1)
            .model("half", Toys.threshold(0.5))
            .attack(darken("darken", -1))
            .attack(darken("brighten", 1))
            .linf(0.1)
            .build()
            .evaluate("greys", Toys.greys(VALUES));

    ThreatResult threat = report.models().get(0).threats().get(0);
    assertThat(threat.attacks()).extracting(a -> a.robust().correct()).containsExactly(5, 7);
    assertThat(threat.robust()).isEqualTo(new Accuracy(4, 8));
  }

  private static EvaluationAttack darken(String name, int sign) {
    return new EvaluationAttack(
        name,
        "",
        (threatModel, classifier, batch) ->
            Toys.result(batch.pixels().add(sign * threatModel.epsilon()).clip(0, 1)));
  }

  @Test
  void doesNotDependOnTheBatchSize() {
    Random random = new Random(7);
    float[] values = new float[23];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat();
    }
    // random by image id, as a seeded attack is
    EvaluationAttack byId =
        new EvaluationAttack(
            "random",
            "seed 3",
            (threatModel, classifier, batch) -> {
              float[] moves = new float[batch.imageIds().length];
              for (int row = 0; row < moves.length; row++) {
                Random own = new Random(3 + 1000 * batch.imageIds()[row]);
                moves[row] = (float) (threatModel.epsilon() * (2 * own.nextFloat() - 1));
              }
              NDArray move = batch.pixels().getManager().create(moves).reshape(-1, 1, 1, 1);
              return Toys.result(batch.pixels().add(move).clip(0, 1));
            });
    List<List<Integer>> outcomes = new ArrayList<>();

    for (int batchSize : new int[] {1, 7, 64}) {
      EvaluationReport report =
          RobustnessEvaluation.builder(1)
              .model("half", Toys.threshold(0.5))
              .attack(byId)
              .attack(Toys.shift("weak", 0.5))
              .linf(0.1, 0.3)
              .batchSize(batchSize)
              .build()
              .evaluate("greys", Toys.greys(values));
      List<Integer> flat = new ArrayList<>();
      report.models().get(0).threats().stream()
          .flatMap(threat -> threat.attacks().stream())
          .forEach(
              outcome -> {
                flat.add(outcome.attacked());
                flat.addAll(outcome.predictions());
              });
      outcomes.add(flat);
    }

    assertThat(outcomes.get(1)).isEqualTo(outcomes.get(0));
    assertThat(outcomes.get(2)).isEqualTo(outcomes.get(0));
  }

  @Test
  void runsAnAttackThatFollowsTheGradientOfAnObjective() {
    EvaluationAttack fgsm =
        EvaluationAttack.of(
            "FGSM", "1 step", OneStep::new, (classifier, labels) -> new Margin(classifier, labels));

    EvaluationReport report =
        RobustnessEvaluation.builder(1)
            .model("half", Toys.threshold(0.5))
            .attack(fgsm)
            .linf(0.1)
            .build()
            .evaluate("greys", Toys.greys(VALUES));

    assertThat(report.models().get(0).threats().get(0).robust()).isEqualTo(new Accuracy(4, 8));
  }

  private record Margin(Classifier classifier, NDArray labels) implements Objective {
    @Override
    public NDArray forward(NDArray pixels) {
      return classifier.logits(pixels);
    }

    @Override
    public NDArray losses(NDArray outputs) {
      NDArray right = outputs.gather(labels.reshape(-1, 1), 1).reshape(-1);
      return outputs.sum(new int[] {1}).sub(right.mul(2));
    }
  }

  private record OneStep(ThreatModel threatModel) implements Attack {
    @Override
    public AttackResult perturb(Objective objective, NDArray pixels) {
      return perturb(objective, pixels, pixels);
    }

    @Override
    public AttackResult perturb(Objective objective, NDArray pixels, NDArray start) {
      try (GradMode on = GradMode.enableGrad()) {
        NDArray x = Autograd.leaf(start);
        NDArray loss = objective.losses(objective.forward(x)).sum();
        NDArray step = Autograd.gradient(loss, x).sign().mul(threatModel.epsilon());
        return Toys.result(pixels.add(step).clip(0, 1).stopGradient());
      }
    }
  }

  @Test
  void doesNotBelieveAnAttackThatLeavesTheBall() {
    RobustnessEvaluation cheating =
        RobustnessEvaluation.builder(1)
            .model("half", Toys.threshold(0.5))
            .attack(Toys.shift("cheat", 1.5))
            .linf(0.2)
            .build();

    assertThatThrownBy(() -> cheating.evaluate("greys", Toys.greys(VALUES)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("attack cheat left its threat model l∞ 51/255")
        .hasMessageContaining("size 0.3");
  }

  @Test
  void neverCountsLogitsThatAreNotFiniteAsRight() {
    EvaluationReport report =
        RobustnessEvaluation.builder(1)
            .model("broken", pixels -> Toys.threshold(0.5).logits(pixels).mul(Float.NaN))
            .build()
            .evaluate("greys", Toys.greys(VALUES));

    assertThat(report.models().get(0).clean()).isEqualTo(new Accuracy(0, 8));
    assertThat(report.models().get(0).cleanPredictions()).containsOnly(-1);
  }

  @Test
  void asksForLabelsWhereThereAreNone() {
    InMemoryImages unlabelled = InMemoryImages.of(new float[3], 1);
    RobustnessEvaluation evaluation =
        RobustnessEvaluation.builder(1).model("half", Toys.threshold(0.5)).build();

    assertThatThrownBy(() -> evaluation.evaluate("none", unlabelled))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("an accuracy needs labels, image 0 of InMemoryImages");
  }

  @Test
  void namesTheImageWhoseLabelTheModelDoesNotKnow() {
    InMemoryImages data =
        InMemoryImages.of(new float[6], 1).labels(new int[] {1, 2}, List.of("a", "b", "c"));
    RobustnessEvaluation evaluation =
        RobustnessEvaluation.builder(1).model("half", Toys.threshold(0.5)).build();

    assertThatThrownBy(() -> evaluation.evaluate("three", data))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("image 1 has label 2, but model half has 2 classes, 0 to 1");
  }

  @Test
  void givesSeededAttacksTheImagesNumbersAndAddsUpTheirCost() {
    List<Long> heard = new ArrayList<>();
    EvaluationAttack attack =
        EvaluationAttack.of(
            "recorder",
            "",
            threatModel -> new Recorder(heard),
            (classifier, labels) -> new Margin(classifier, labels));

    EvaluationReport report =
        RobustnessEvaluation.builder(1)
            .model("shifted", Toys.threshold(0.6)) // .58, .53 and .505 are wrong from the start
            .attack(attack)
            .linf(0.1)
            .batchSize(2)
            .build()
            .evaluate("greys", Toys.greys(VALUES));

    assertThat(heard).containsExactly(0L, 1L, 3L, 4L, 5L);
    assertThat(report.models().get(0).threats().get(0).attacks().get(0).cost())
        .isEqualTo(new AttackCost(15, 10, 0, 0));
  }

  private record Recorder(List<Long> ids) implements SeededAttack {
    @Override
    public AttackResult perturb(Objective objective, NDArray pixels, AttackOptions options) {
      long[] imageIds = Objects.requireNonNull(options.imageIds());
      for (long id : imageIds) {
        ids.add(id);
      }
      AttackResult same = Toys.result(pixels);
      AttackCost cost = new AttackCost(3L * imageIds.length, 2L * imageIds.length, 0, 0);
      return new AttackResult(
          same.images(),
          same.images(),
          same.losses(),
          same.succeeded(),
          cost,
          AttackResult.StopReason.COMPLETED);
    }
  }

  @Test
  void joinsModelsThatWereEvaluatedOneAfterTheOther() {
    EvaluationReport first = evaluated("first", 0.5, 0.1);
    EvaluationReport second = evaluated("second", 0.6, 0.1);

    assertThat(first.with(second).models())
        .containsExactly(first.models().get(0), second.models().get(0));
    EvaluationReport other =
        RobustnessEvaluation.builder(1)
            .model("other", Toys.threshold(0.5))
            .build()
            .evaluate("greys", Toys.greys(0.1f));
    assertThatThrownBy(() -> first.with(other))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("where the images are the same");
  }

  private static EvaluationReport evaluated(String model, double threshold, double epsilon) {
    return RobustnessEvaluation.builder(1)
        .model(model, Toys.threshold(threshold))
        .attack(Toys.shift("full", 1))
        .linf(epsilon)
        .build()
        .evaluate("greys", Toys.greys(VALUES));
  }

  @Test
  void reportsTheProgressOfEachPhase() {
    List<EvaluationProgress> heard = new ArrayList<>();

    RobustnessEvaluation.builder(1)
        .model("half", Toys.threshold(0.5))
        .attack(Toys.shift("full", 1))
        .linf(26 / 255.0)
        .batchSize(5)
        .listener(heard::add)
        .build()
        .evaluate("greys", Toys.greys(VALUES));

    assertThat(heard)
        .containsExactly(
            new EvaluationProgress("greys", "half", "clean", 5, 8, 5),
            new EvaluationProgress("greys", "half", "clean", 8, 8, 8),
            new EvaluationProgress("greys", "half", "full at l∞ 26/255", 5, 8, 4),
            new EvaluationProgress("greys", "half", "full at l∞ 26/255", 8, 8, 4));
  }

  @Test
  void showsAttackedPicturesToEveryModel() {
    RobustnessEvaluation evaluation =
        RobustnessEvaluation.builder(1)
            .model("half", Toys.threshold(0.5))
            .model("lenient", Toys.threshold(0.3))
            .attack(Toys.shift("full", 1))
            .linf(0.1)
            .build();
    InMemoryImages data = Toys.greys(VALUES);

    List<GalleryEntry> gallery =
        evaluation.gallery(data, List.of(2), "full", ThreatModel.linf(0.1));

    assertThat(gallery).extracting(GalleryEntry::attackedModel).containsExactly("half", "lenient");
    GalleryEntry entry = gallery.get(0);
    assertThat(entry.className()).isEqualTo("bright");
    assertThat(entry.clean().value(1, 0, 0)).isEqualTo(0.58f);
    assertThat(entry.adversarial().value(1, 0, 0)).isCloseTo(0.48f, within(1e-6f));
    ModelView half = entry.views().get(0);
    assertThat(half.clean().get(0).className()).isEqualTo("bright");
    assertThat(half.adversarial().get(0).className()).isEqualTo("dark");
    // logits ±10·(.48 − .5): softmax = 1 / (1 + exp(−.4))
    assertThat(half.adversarial().get(0).probability()).isCloseTo(0.598688, within(1e-5));
    assertThat(entry.views().get(1).adversarial().get(0).className()).isEqualTo("bright");
  }

  @Test
  void picksGalleryImagesThatAllModelsGetRightFromDifferentClasses() {
    EvaluationReport report =
        RobustnessEvaluation.builder(1)
            .model("half", Toys.threshold(0.5))
            .model("high", Toys.threshold(0.7))
            .build()
            .evaluate("greys", Toys.greys(0.6f, 0.9f, 0.95f, 0.1f));

    assertThat(report.rightForAll(8)).containsExactly(1, 3);
    assertThat(report.rightForAll(1)).containsExactly(1);
  }

  @Test
  void leavesNoArraysBehind() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray weight = manager.create(10f);
      Classifier leaky =
          pixels -> weight.mul(Toys.threshold(0.5).logits(pixels)); // owned by the weight's manager
      RobustnessEvaluation evaluation =
          RobustnessEvaluation.builder(1)
              .model("leaky", leaky)
              .attack(Toys.shift("full", 1))
              .linf(0.1)
              .batchSize(1)
              .build();

      evaluation.evaluate("greys", Toys.greys(VALUES));

      assertThat(manager.getManagedArrays()).containsExactly(weight);
    }
  }
}
