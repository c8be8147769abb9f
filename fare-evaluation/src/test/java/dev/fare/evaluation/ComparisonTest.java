package dev.fare.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fare.ThreatModel;
import dev.fare.evaluation.statistics.Accuracy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComparisonTest {

  private static final float[] VALUES = {0.9f, 0.62f, 0.58f, 0.1f, 0.38f, 0.44f, 0.53f, 0.505f};

  private static RobustnessEvaluation evaluation() {
    return RobustnessEvaluation.builder(1)
        .model("half", Toys.threshold(0.5))
        .model("high", Toys.threshold(0.6))
        .attack(Toys.shift("full", 1))
        .linf(0.1)
        .build();
  }

  @Test
  void pairsTheImagesThatTwoModelsGetRight() {
    EvaluationReport report = evaluation().evaluate("greys", Toys.greys(VALUES));

    // high loses .58, .53 and .505
    assertThat(PairedComparison.clean(report, "half", "high"))
        .isEqualTo(new PairedComparison("half", "high", 5, 3, 0, 0));
    // under ±.1 half keeps .9 .62 .1 .38; high keeps .9 .1 .38 .44
    PairedComparison attacked =
        PairedComparison.under(ThreatModel.linf(0.1), report, "half", "high");
    assertThat(attacked).isEqualTo(new PairedComparison("half", "high", 3, 1, 1, 3));
    assertThat(attacked.difference()).isZero();
    assertThat(attacked.pValue()).isEqualTo(1);
  }

  /** Twice the binomial tail: 2·(1+12+66)/2^12 and so on. */
  @ParameterizedTest
  @CsvSource({
    "2, 10, 0.03857421875",
    "10, 2, 0.03857421875",
    "0, 5, 0.0625",
    "3, 3, 1",
    "0, 0, 1",
    "0, 1, 1"
  })
  void testsAnUnevenSplitExactly(int onlyFirst, int onlySecond, double p) {
    PairedComparison comparison = new PairedComparison("a", "b", 7, onlyFirst, onlySecond, 7);

    assertThat(comparison.pValue()).isCloseTo(p, within(1e-12));
  }

  @Test
  void testsLargeSplitsWithoutUnderflow() {
    // n = 4000, 1900 against 2100: the normal approximation with continuity correction gives .00166
    assertThat(new PairedComparison("a", "b", 0, 1900, 2100, 0).pValue())
        .isCloseTo(0.00166, within(2e-5));
  }

  @Test
  void transferShowsImagesMadeAgainstOneModelToTheOther() {
    // images of the right class move towards one half by .1, whatever the model is
    TransferMatrix matrix =
        evaluation().transfer("greys", Toys.greys(VALUES), "full", ThreatModel.linf(0.1));

    assertThat(matrix.accuracy("half", "half")).isEqualTo(new Accuracy(4, 8));
    assertThat(matrix.accuracy("half", "high")).isEqualTo(new Accuracy(4, 8));
    assertThatThrownBy(() -> matrix.accuracy("half", "low"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("there is no model low; there are [half, high]");
  }

  @Test
  void transferUsesEachModelsOwnImages() {
    // this attack only touches images for the model whose threshold it is told
    RobustnessEvaluation evaluation =
        RobustnessEvaluation.builder(1)
            .model("half", Toys.threshold(0.5))
            .model("high", Toys.threshold(0.6))
            .attack(
                new EvaluationAttack(
                    "barely",
                    "just over the model's own threshold",
                    (threatModel, classifier, batch) -> {
                      float score =
                          classifier.logits(batch.pixels().zerosLike()).get(":, 0").getFloat(0);
                      float threshold = -score / 10; // logit −10 t at black
                      return Toys.result(
                          batch
                              .pixels()
                              .zerosLike()
                              .add(threshold - 0.01)
                              .maximum(batch.pixels().sub(0.1))
                              .minimum(batch.pixels().add(0.1)));
                    }))
            .linf(0.1)
            .build();

    TransferMatrix matrix =
        evaluation.transfer("bright", Toys.greys(.65f), "barely", ThreatModel.linf(0.1));

    // against high the image goes to .59, which half still calls bright; against half to .55
    assertThat(matrix.accuracy("high", "high").correct()).isZero();
    assertThat(matrix.accuracy("high", "half").correct()).isEqualTo(1);
    assertThat(matrix.accuracy("half", "half").correct()).isEqualTo(1);
    assertThat(matrix.accuracy("half", "high").correct()).isZero();
  }
}
