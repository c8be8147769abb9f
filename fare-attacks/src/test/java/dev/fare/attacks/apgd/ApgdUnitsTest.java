package dev.fare.attacks.apgd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fare.Ball;
import dev.fare.Norm;
import dev.fare.Objective;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.Objectives;
import dev.fare.attacks.Vectors;
import dev.fare.attacks.tensor.Kernels;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The formulas of APGD against values of the published code. */
class ApgdUnitsTest {

  private static final JsonObject UNITS = Vectors.read("a_apgd_units");

  private final NDManager manager = NDManager.newBaseManager("PyTorch");

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void checksProgressWhenTheOriginalDoes() {
    for (JsonElement element : UNITS.getAsJsonArray("schedule")) {
      JsonObject json = element.getAsJsonObject();
      int steps = json.get("n_iter").getAsInt();
      ApgdCheckpoints checkpoints = ApgdCheckpoints.of(ApgdCheckpoints.PUBLISHED, steps);
      List<Float> actual = new ArrayList<>();
      int window = checkpoints.first();
      for (int iteration = window - 1; iteration < steps; iteration += window) {
        actual.add((float) iteration);
        actual.add((float) window);
        window = checkpoints.next(window);
      }

      assertThat(actual)
          .as(steps + " steps")
          .containsExactly(boxed(Vectors.floats(json.get("linf_l2_checks_iter_and_window"))));
    }
  }

  private static Float[] boxed(float[] values) {
    Float[] boxed = new Float[values.length];
    for (int i = 0; i < values.length; i++) {
      boxed[i] = values[i];
    }
    return boxed;
  }

  @Test
  void computesTheDifferenceOfLogitsRatioAndItsGradient() {
    JsonObject json = UNITS.getAsJsonObject("dlr");
    NDArray labels = Vectors.labels(manager, json.get("y"));
    NDArray targets = Vectors.labels(manager, json.get("y_target"));
    float[] rows = Vectors.floats(json.get("grad_rows"));

    assertLoss(Objectives.dlr(pixels -> pixels, labels), json, "dlr", rows);
    assertLoss(
        Objectives.targetedDlr(pixels -> pixels, labels, targets), json, "dlr_targeted", rows);
  }

  private void assertLoss(Objective objective, JsonObject json, String name, float[] rows) {
    try (GradMode on = GradMode.enableGrad()) {
      NDArray logits = Autograd.leaf(Vectors.tensor(manager, json.get("logits")));

      NDArray losses = objective.losses(objective.forward(logits));
      NDArray gradient = Autograd.gradient(losses.sum(), logits);

      assertThat(losses.toFloatArray())
          .containsExactly(Vectors.floats(json.get(name)), within(1e-6f));
      float[] expected = Vectors.floats(json.get(name + "_grad"));
      int classes = (int) logits.getShape().get(1);
      float[] actual = gradient.toFloatArray();
      for (float row : rows) {
        for (int i = (int) row * classes; i < ((int) row + 1) * classes; i++) {
          assertThat(actual[i]).isCloseTo(expected[i], within(1e-6f));
        }
      }
    }
  }

  @Test
  void halvesTheStepWhereTheOriginalSeesOscillation() {
    int replayed = 0;
    for (JsonElement element : UNITS.getAsJsonArray("check_oscillation")) {
      JsonObject json = element.getAsJsonObject();
      int last = json.get("i").getAsInt();
      int window = json.get("k").getAsInt();
      NDArray table = Vectors.tensor(manager, json.get("loss_steps"));
      if (last - window != -1) {
        continue; // windows after the first are replayed by the scripted runs
      }
      replayed++;
      int steps = (int) Math.ceil(window / 0.22);
      assertThat(ApgdCheckpoints.of(ApgdCheckpoints.PUBLISHED, steps).first()).isEqualTo(window);
      try (TensorScope scope = TensorScope.of(manager)) {
        HalvingRule rule =
            new HalvingRule(
                steps,
                ApgdCheckpoints.PUBLISHED,
                json.get("k3").getAsDouble(),
                1,
                table.get(0),
                manager,
                scope);
        for (int i = 0; i <= last; i++) {
          rule.observe(table.get(i), scope);
        }
        Ball ball = ThreatModel.linf(0.1).around(manager.zeros(new Shape(4, 1, 1, 1)));

        NDArray halved =
            rule.adapt(ball, manager.zeros(new Shape(4, 1, 1, 1)), table.get(0), scope);

        boolean[] expected = new boolean[4];
        float[] result = Vectors.floats(json.get("result"));
        for (int i = 0; i < 4; i++) {
          expected[i] = result[i] == 1;
        }
        assertThat(halved.toBooleanArray()).containsExactly(expected);
      }
    }
    assertThat(replayed).isPositive();
  }

  @Test
  void projectsOntoTheL1BallInsideTheUnitCube() {
    for (JsonElement element : UNITS.getAsJsonArray("l1_projection")) {
      JsonObject json = element.getAsJsonObject();
      NDArray x = Vectors.tensor(manager, json.get("x"));
      NDArray y = Vectors.tensor(manager, json.get("y"));
      NDArray expected = x.add(y).add(Vectors.tensor(manager, json.get("delta")));

      NDArray actual = ThreatModel.l1(json.get("eps").getAsDouble()).around(x).project(x.add(y));

      assertThat(actual.toFloatArray()).containsExactly(expected.toFloatArray(), within(2e-6f));
    }
  }

  @Test
  void startsWhereTheOriginalStarts() {
    for (JsonElement element : UNITS.getAsJsonArray("random_start")) {
      JsonObject json = element.getAsJsonObject();
      Norm norm = Norm.valueOf(json.get("norm").getAsString().toUpperCase(Locale.ROOT));
      NDArray x = Vectors.tensor(manager, json.get("x"));
      NDArray draw = Vectors.tensor(manager, json.get("draw"));
      Ball ball = new ThreatModel(norm, json.get("eps").getAsDouble()).around(x);

      NDArray start =
          ApgdAttack.randomStart(ball, norm == Norm.LINF ? draw.mul(2).sub(1) : draw).clip(0, 1);

      assertThat(start.toFloatArray())
          .containsExactly(Vectors.floats(json.get("x_start")), within(2e-6f));
      if (norm == Norm.L1) {
        // what moves back all the way may miss the clean pixel by a last bit, and then counts
        NDArray expected = Vectors.tensor(manager, json.get("x_start"));
        assertThat(Kernels.differing(start, x).toFloatArray())
            .containsExactly(Kernels.differing(expected, x).toFloatArray());
      }
    }
  }
}
