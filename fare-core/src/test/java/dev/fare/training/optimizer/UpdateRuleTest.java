package dev.fare.training.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.fare.training.weights.Gradients;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UpdateRuleTest {

  private static final int UPDATES = 7;
  private static final double DECAY = 0.1;

  private final NDManager manager = NDManager.newBaseManager("PyTorch");

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"fused_adamw", "adamw"})
  void adamWFollowsTheClosedForm(String method) {
    float[] start = {1f, -2f, 0.5f, 3f, -0.25f};
    Map<String, NDArray> weights = weights(start);
    AdamWRule rule = new AdamWRule(Optimizer.adamW(), weights, DECAY);
    double[] expected = {1, -2, 0.5, 3, -0.25};
    double[] mean = new double[5];
    double[] square = new double[5];
    Random random = new Random(3);

    for (int t = 1; t <= UPDATES; t++) {
      float[] gradient = gradient(random);
      double rate = 0.01 * t;
      rule.step(method, gradients(gradient), rate);
      for (int i = 0; i < 5; i++) {
        mean[i] = 0.9 * mean[i] + 0.1 * gradient[i];
        square[i] = 0.999 * square[i] + 0.001 * gradient[i] * gradient[i];
        double first = mean[i] / (1 - Math.pow(0.9, t));
        double second = square[i] / (1 - Math.pow(0.999, t));
        expected[i] = expected[i] * (1 - rate * DECAY) - rate * first / (Math.sqrt(second) + 1e-8);
      }
    }

    assertClose(weights, expected);
    assertThat(rule.state())
        .hasEntrySatisfying("updates", n -> assertThat(n.getFloat()).isEqualTo(UPDATES));
    rule.close();
  }

  @Test
  void sgdFollowsTheClosedForm() {
    Map<String, NDArray> weights = weights(new float[] {1f, -2f, 0.5f, 3f, -0.25f});
    UpdateRule rule = Optimizer.sgd().on(weights, DECAY);
    double[] expected = {1, -2, 0.5, 3, -0.25};
    double[] velocity = new double[5];
    Random random = new Random(3);

    for (int t = 1; t <= UPDATES; t++) {
      float[] gradient = gradient(random);
      double rate = 0.01 * t;
      rule.step(gradients(gradient), rate);
      for (int i = 0; i < 5; i++) {
        velocity[i] = 0.9 * velocity[i] + gradient[i] + DECAY * expected[i];
        expected[i] -= rate * velocity[i];
      }
    }

    assertClose(weights, expected);
    rule.close();
  }

  @Test
  void clipsToTheGivenLengthAndLeavesShorterGradientsAlone() {
    NDList gradients = gradients(new float[] {3, 0, 0, 0, 4});

    assertThat(Gradients.norm(gradients)).isCloseTo(5, within(1e-6));
    Gradients.clip(gradients, 5, 10);
    assertThat(gradients.get(1).toFloatArray()).containsExactly(0, 4);
    Gradients.clip(gradients, 5, 1);
    assertThat(Gradients.norm(gradients)).isCloseTo(1, within(1e-6));
    assertThat(gradients.get(0).toFloatArray()[0]).isCloseTo(0.6f, within(1e-6f));
  }

  @Test
  void refusesImpossibleConstants() {
    assertThatThrownBy(() -> new Optimizer.AdamW(1, 0.999, 1e-8))
        .hasMessage("beta1 must be in [0,1), got 1.0");
    assertThatThrownBy(() -> new Optimizer.Sgd(-0.1))
        .hasMessage("momentum must be in [0,1), got -0.1");
  }

  private static float[] gradient(Random random) {
    float[] values = new float[5];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private Map<String, NDArray> weights(float[] values) {
    NDList parts = gradients(values);
    Map<String, NDArray> weights = new LinkedHashMap<>();
    weights.put("a.weight", parts.get(0));
    weights.put("a.bias", parts.get(1));
    return weights;
  }

  private NDList gradients(float[] values) {
    return new NDList(
        manager.create(new float[] {values[0], values[1], values[2]}),
        manager.create(new float[] {values[3], values[4]}));
  }

  private static void assertClose(Map<String, NDArray> weights, double[] expected) {
    int at = 0;
    for (NDArray weight : weights.values()) {
      for (float value : weight.toFloatArray()) {
        assertThat((double) value).isCloseTo(expected[at++], within(2e-6));
      }
    }
  }
}
