package dev.fare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class BallTest {

  private final NDManager manager = NDManager.newBaseManager("PyTorch");

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
  @ValueSource(doubles = {0.01, 3, 40, 150})
  void projectsLargeImagesAsBisectionInDoublePrecision(double epsilon) {
    Random random = new Random(5);
    float[] center = new float[3 * 16 * 16];
    float[] image = new float[center.length];
    for (int i = 0; i < center.length; i++) {
      center[i] = random.nextFloat();
      image[i] = center[i] + (random.nextInt(3) == 0 ? 0 : (float) random.nextGaussian());
    }
    Ball ball = ThreatModel.l1(epsilon).around(manager.create(center, new Shape(1, 3, 16, 16)));

    NDArray projected = ball.project(manager.create(image, new Shape(1, 3, 16, 16)));

    float[] expected = bisected(center, image, epsilon);
    assertThat(projected.toFloatArray()).containsExactly(expected, within(2e-6f));
  }

  /** Every pixel a common shift closer to the centre, and then cut to [0,1]. */
  private static float[] bisected(float[] center, float[] image, double epsilon) {
    double low = 0;
    double high = 10;
    float[] nearest = new float[image.length];
    for (int round = 0; round < 100; round++) {
      double shift = (low + high) / 2;
      double length = 0;
      for (int i = 0; i < image.length; i++) {
        double change = (double) image[i] - center[i];
        double shrunk = Math.signum(change) * Math.max(Math.abs(change) - shift, 0);
        double inCube = Math.min(Math.max(center[i] + shrunk, 0), 1);
        length += Math.abs(inCube - center[i]);
        nearest[i] = (float) inCube;
      }
      if (length > epsilon) {
        low = shift;
      } else {
        high = shift;
      }
    }
    return nearest;
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
  void takesWhatRoundingAddedInL1OffOnePixel() {
    NDArray center = manager.randomUniform(0, 0.9f, new Shape(1, 3, 64, 64));
    NDArray images = center.add(0.003);
    double length = ThreatModel.l1(1).around(center).distances(images).getDouble();
    Ball ball = ThreatModel.l1(length / (1 + 3e-6)).around(center);

    NDArray tight = ball.tighten(images);

    assertThat(ball.contains(images).toBooleanArray()).containsExactly(false);
    assertThat(ball.contains(tight).toBooleanArray()).containsExactly(true);
    assertThat(tight.neq(images).countNonzero().getLong()).isEqualTo(1);
    assertThat(ball.distances(tight).getDouble())
        .isCloseTo(ball.threatModel().epsilon(), within(1e-6 * length));
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
