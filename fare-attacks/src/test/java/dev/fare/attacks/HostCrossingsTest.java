package dev.fare.attacks;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.fare.Attack;
import dev.fare.Norm;
import dev.fare.Objective;
import dev.fare.ThreatModel;
import dev.fare.torch.Host;
import dev.fare.training.FareTrainer;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How many arrays a step brings to the device and reads from it, where a GPU's host would wait.
 * That nothing crosses elsewhere is ModuleBordersTest's part.
 */
class HostCrossingsTest {

  private static final int IMAGES = 8;

  /** Long enough that a checkpoint of every kind is among the steps. */
  private static final int FEW = 30;

  /** Many, since what the end of an attack reads differs by a few. */
  private static final int MORE = 50;

  private final TinyMlp model = TinyMlp.seeded(1);
  private final NDArray pixels =
      model
          .manager()
          .create(TinyMlp.pixels(IMAGES, 5), new Shape(IMAGES, 3, TinyMlp.SIDE, TinyMlp.SIDE));
  private final NDArray labels = model.embed(pixels).argMax(1);

  @AfterEach
  void close() {
    model.close();
  }

  /** An attack of so many steps. */
  private record Case(String name, IntFunction<Attack> ofSteps, int brought, int read) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Case> steps() {
    return Stream.of(Norm.values()).flatMap(HostCrossingsTest::steps);
  }

  private static Stream<Case> steps(Norm norm) {
    ThreatModel tiny = new ThreatModel(norm, 1e-3);
    return Stream.of(
        new Case("PGD " + norm, n -> PgdAttack.builder(tiny).steps(n).build(), 0, 0),
        new Case(
            "PGD, best " + norm,
            n -> PgdAttack.builder(tiny).steps(n).keepBest(true).build(),
            0,
            0),
        new Case("APGD " + norm, n -> ApgdAttack.builder(tiny).steps(n).build(), 0, 0),
        new Case("FAB " + norm, n -> FabAttack.builder(tiny).steps(n).build(), 0, 0),
        new Case("FAB-T " + norm, n -> FabAttack.builder(tiny).steps(n).targets(1).build(), 0, 0),
        // what is drawn, and which images are finished: on the CPU at each query, on a GPU at a
        // tenth
        new Case("Square " + norm, n -> SquareAttack.builder(tiny).queries(n).build(), 1, 1));
  }

  @ParameterizedTest
  @MethodSource("steps")
  void aStepWaitsForNoMoreThanItMust(Case attack) {
    Objective[] objectives = {
      Objectives.margin(model::embed, labels), Objectives.dlr(model::embed, labels)
    };
    for (Objective objective : objectives) {
      int[] few = crossings(() -> attack.ofSteps().apply(FEW).perturb(objective, pixels).close());
      int[] more =
          crossings(() -> attack.ofSteps().apply(FEW + MORE).perturb(objective, pixels).close());

      assertThat(aStep(more[0] - few[0])).as("brought").isEqualTo(attack.brought());
      assertThat(aStep(more[1] - few[1])).as("read").isLessThanOrEqualTo(attack.read());
    }
  }

  private static long aStep(int crossings) {
    return Math.round(crossings / (double) MORE);
  }

  /**
   * Where it starts and where it ends, and where rounding has left the ball, once or twice more.
   */
  @ParameterizedTest
  @EnumSource(Norm.class)
  void anAttackReadsTwice(Norm norm) {
    double epsilon = norm == Norm.LINF ? 0.1 : norm == Norm.L2 ? 0.5 : 3;
    PgdAttack attack = PgdAttack.builder(new ThreatModel(norm, epsilon)).build();
    Objective objective = Objectives.crossEntropy(model::embed, model.embed(pixels).argMin(1));

    int[] crossings = crossings(() -> attack.perturb(objective, pixels).close());

    assertThat(crossings[0]).as("the start").isEqualTo(1);
    assertThat(crossings[1]).isBetween(2, norm == Norm.LINF ? 2 : 4);
  }

  /** Replicas are read with the leader: what they add up goes from device to device. */
  @ParameterizedTest
  @ValueSource(ints = {0, 3})
  void aTrainingStepReadsThreeTimes(int count) {
    List<TinyMlp> replicas = IntStream.range(0, count).mapToObj(TinyMlp::seeded).toList();
    try (TinyMlp trained = TinyMlp.seeded(2);
        FareTrainer<TinyMlp> trainer =
            FareTrainer.builder(trained)
                .attack(PgdAttack.builder(ThreatModel.linf(4 / 255.0)).steps(3).build())
                .batchSize(IMAGES)
                .replicas(replicas)
                .metricsEvery(1)
                .averageDecay(0.9)
                .gradientClip(1e-3)
                .build()) {
      int[] crossings = crossings(() -> trainer.step(pixels));

      assertThat(crossings[0]).as("the attack's start").isEqualTo(1);
      assertThat(crossings[1]).as("read by the attack, twice, and at the end").isEqualTo(3);
    } finally {
      replicas.forEach(TinyMlp::close);
    }
  }

  @Test
  void pixelsAreCheckedByOneReading() {
    assertThat(crossings(() -> ThreatModel.checkPixels(pixels))).containsExactly(0, 1);
  }

  private static int[] crossings(Runnable work) {
    try (Host.Count count = Host.count()) {
      work.run();
      return new int[] {count.brought(), count.read()};
    }
  }
}
