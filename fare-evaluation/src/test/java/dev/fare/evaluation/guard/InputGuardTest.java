package dev.fare.evaluation.guard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.Objective;
import dev.fare.SelectableObjective;
import dev.fare.evaluation.PerceptualSimilarity;
import dev.fare.evaluation.Toys;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class InputGuardTest {

  private final NDManager manager = NDManager.newBaseManager("PyTorch");

  @AfterEach
  void close() {
    manager.close();
  }

  private NDArray greys(float... values) {
    return manager.create(values).reshape(values.length, 1, 1, 1).repeat(1, 3);
  }

  /** One minus the cosine of the directions (v, 1) and (v/2, 1). */
  private static double score(double v) {
    return 1 - Math.cos(Math.atan(v) - Math.atan(v / 2));
  }

  @Test
  void scoresHowDifferentlyTheEncodersSee() {
    InputGuard guard = InputGuard.of(Toys.line(1), Toys.line(0.5), 0.02);

    float[] scores = guard.scores(greys(0, .3f, .9f)).toFloatArray();

    assertThat(scores[0]).isCloseTo(0f, within(1e-6f));
    assertThat(scores[1]).isCloseTo((float) score(.3), within(1e-6f));
    assertThat(scores[2]).isCloseTo((float) score(.9), within(1e-6f));
    // scores .0101 and .0511
    assertThat(guard.isSuspicious(greys(0, .3f, .9f))).containsExactly(false, false, true);
  }

  @Test
  void isCalibratedOnCleanImages() {
    // scores grow with brightness: the threshold is that of the 8th of 9
    InputGuard guard =
        InputGuard.calibrate(
            Toys.line(1),
            Toys.line(0.5),
            Toys.greys(.1f, .2f, .3f, .4f, .45f, .6f, .7f, .8f, .9f),
            0.2);

    assertThat(guard.threshold()).isCloseTo(score(.8), within(1e-6));
    assertThat(guard.isSuspicious(greys(.7f, .9f))).containsExactly(false, true);
  }

  @Test
  void takesWhatItCannotScoreForSuspicious() {
    InputGuard guard = InputGuard.of(Toys.line(Double.NaN), Toys.line(1), 1);

    assertThat(guard.isSuspicious(greys(.5f))).containsExactly(true);
  }

  /** Climbs brightness; succeeds above one half. Its outputs are images of two values. */
  private record Brightness(int offset) implements SelectableObjective {
    @Override
    public NDArray forward(NDArray pixels) {
      return pixels.get(":, :2").reshape(-1, 2, 1);
    }

    @Override
    public NDArray losses(NDArray outputs) {
      assertThat(outputs.getShape().dimension()).isEqualTo(3);
      return outputs.reshape(-1, 2).sum(new int[] {1}).add(offset);
    }

    @Override
    public NDArray succeeded(NDArray outputs) {
      return outputs.reshape(-1, 2).mean(new int[] {1}).gt(0.5);
    }

    @Override
    public SelectableObjective select(NDArray rows) {
      return new Brightness(offset + (int) rows.size());
    }
  }

  @Test
  void anAttackerWhoKnowsTheGuardPaysForScoresAboveTheThreshold() {
    InputGuard guard = InputGuard.of(Toys.line(1), Toys.line(0.5), score(.6));
    Objective evading = guard.evading(new Brightness(0), 10);

    NDArray outputs = evading.forward(greys(.4f, .58f, .9f));

    float[] losses = evading.losses(outputs).toFloatArray();
    assertThat(losses[0]).isCloseTo(.8f, within(1e-5f));
    assertThat(losses[1]).isCloseTo(1.16f, within(1e-5f));
    assertThat(losses[2]).isCloseTo((float) (1.8 - 10 * (score(.9) - score(.6))), within(1e-5f));
    assertThat(evading.succeeded(outputs).toBooleanArray()).containsExactly(false, true, false);
  }

  @Test
  void theJointLossHasTheGradientOfBothParts() {
    InputGuard guard = InputGuard.of(Toys.line(1), Toys.line(0.5), score(.6));
    Objective evading = guard.evading(new Brightness(0), 10);
    double h = 1e-4;
    double excess = 10 * (score(.9 + h) - score(.9 - h)) / (2 * h);

    float[] gradient;
    try (GradMode on = GradMode.enableGrad()) {
      NDArray x = Autograd.leaf(greys(.9f));
      gradient = Autograd.gradient(evading.losses(evading.forward(x)).sum(), x).toFloatArray();
    }

    // brightness counts the first two channels, the score a third of each channel
    assertThat(gradient[0]).isCloseTo((float) (1 - excess / 3), within(1e-3f));
    assertThat(gradient[2]).isCloseTo((float) (-excess / 3), within(1e-3f));
  }

  @Test
  void canStillBeNarrowedToSomeImages() {
    InputGuard guard = InputGuard.of(Toys.line(1), Toys.line(0.5), 1);

    Objective evading = guard.evading(new Brightness(0), 10);

    assertThat(evading).isInstanceOf(SelectableObjective.class);
    Objective some = ((SelectableObjective) evading).select(manager.create(new long[] {0, 2}));
    assertThat(some.losses(some.forward(greys(.25f))).getFloat(0)).isCloseTo(2.5f, within(1e-5f));
  }

  @Test
  void refusesAWeightThatMeansNothing() {
    InputGuard guard = InputGuard.of(Toys.line(1), Toys.line(0.5), 1);

    assertThatThrownBy(() -> guard.evading(new Brightness(0), 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("weight must be positive and finite, got 0.0");
  }

  @Test
  void comparesImagesByTheAngleBetweenTheirEmbeddings() {
    PerceptualSimilarity similarity = PerceptualSimilarity.of(Toys.line(1));

    float[] between = similarity.between(greys(.2f, .9f), greys(.2f, .4f)).toFloatArray();
    NDArray matrix = similarity.matrix(greys(.2f, .9f), greys(.1f, .4f, .6f));

    assertThat(between[0]).isCloseTo(1f, within(1e-6f));
    double angle = Math.atan(.9) - Math.atan(.4);
    assertThat(between[1]).isCloseTo((float) Math.cos(angle), within(1e-6f));
    assertThat(matrix.getShape().getShape()).containsExactly(2, 3);
    assertThat(matrix.getFloat(1, 1)).isCloseTo((float) Math.cos(angle), within(1e-6f));
  }

  @Test
  void findsNearDuplicates() {
    PerceptualSimilarity similarity = PerceptualSimilarity.of(Toys.line(1));

    List<PerceptualSimilarity.Pair> pairs =
        similarity.duplicates(Toys.greys(.1f, .9f, .11f, .5f, .88f), 0.9999);

    // angles: .1 and .11 differ by .0099, .9 and .88 by .0112
    assertThat(pairs)
        .extracting(PerceptualSimilarity.Pair::first, PerceptualSimilarity.Pair::second)
        .containsExactly(tuple(0, 2), tuple(1, 4));
    assertThat(pairs.get(0).similarity()).isCloseTo(Math.cos(.0098911), within(1e-7));
  }
}
