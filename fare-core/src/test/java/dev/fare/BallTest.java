package dev.fare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BallTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private NDArray image(float... pixels) {
    return manager.create(pixels, new Shape(1, 1, 1, pixels.length));
  }

  @Test
  void projectsOntoTheCubeAndTheUnitCube() {
    Ball ball = ThreatModel.linf(0.1).around(image(0.5f, 0.05f, 0.95f));

    NDArray projected = ball.project(image(0.9f, -1, 2));

    assertThat(projected.toFloatArray()).containsExactly(new float[] {0.6f, 0, 1}, within(1e-7f));
  }

  @Test
  void projectsOntoTheEuclideanBall() {
    Ball ball = ThreatModel.l2(0.5).around(image(0, 0));

    assertThat(ball.project(image(0.6f, 0.8f)).toFloatArray())
        .containsExactly(new float[] {0.3f, 0.4f}, within(1e-7f));
    assertThat(ball.project(image(0.1f, 0.2f)).toFloatArray()).containsExactly(0.1f, 0.2f);
  }

  @Test
  void projectsOntoTheL1BallInsideTheUnitCubeByOneCommonShift() {
    // 1.2 and 0.4 and 0.1 beyond the centre, 1.7 in all
    Ball ball = ThreatModel.l1(1.1).around(image(0, 0.5f, 0.5f));

    NDArray projected = ball.project(image(1.2f, 0.9f, 0.6f));

    // 1.2 - s + 0.4 - s + 0.1 = 1.1 where the third is used up at s = 0.1: s = 0.25
    assertThat(projected.toFloatArray())
        .containsExactly(new float[] {0.95f, 0.65f, 0.5f}, within(1e-6f));
  }

  @ParameterizedTest
  @EnumSource(Norm.class)
  void tightensWhatRoundingHasPushedOut(Norm norm) {
    NDArray center = manager.randomUniform(0, 1, new Shape(4, 3, 32, 32));
    Ball ball = new ThreatModel(norm, 0.3).around(center);
    NDArray outside = center.add(manager.randomNormal(center.getShape()).mul(0.3));

    NDArray tight = ball.tighten(outside);

    assertThat(ball.contains(tight).toBooleanArray()).containsOnly(true);
    double farthest = ball.distances(tight).max().getDouble();
    assertThat(farthest).isBetween(0.29, 0.3 * (1 + 1e-6));
    assertThat(ball.tighten(tight)).isSameAs(tight);
  }

  @Test
  void doesNotContainWhatIsNotFinite() {
    Ball ball = ThreatModel.linf(0.1).around(image(0.5f));

    assertThat(ball.contains(image(Float.NaN)).toBooleanArray()).containsExactly(false);
    assertThat(ball.contains(image(0.61f)).toBooleanArray()).containsExactly(false);
    assertThat(ball.contains(image(0.6f)).toBooleanArray()).containsExactly(true);
  }

  @Test
  void saysWhatAnEpsilonIsAndSuggestsWhatWasMeant() {
    assertThatThrownBy(() -> ThreatModel.linf(4))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("epsilon must be in (0, 1] in pixel space, got 4.0; did you mean 4 / 255.0?");
    assertThatThrownBy(() -> ThreatModel.l2(Double.NaN))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("epsilon must be in (0, infinity) in pixel space, got NaN");
  }
}
