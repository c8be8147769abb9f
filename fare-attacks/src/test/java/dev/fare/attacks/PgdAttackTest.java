package dev.fare.attacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fare.AttackCost;
import dev.fare.AttackOptions;
import dev.fare.AttackResult;
import dev.fare.Classifier;
import dev.fare.Objective;
import dev.fare.ThreatModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class PgdAttackTest {

  private static final JsonObject SCRIPT = Vectors.read("s_scripted_apgd");

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @TestFactory
  List<DynamicTest> replaysTheScriptedRuns() {
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonElement run : Vectors.read("s_scripted_robustvlm").getAsJsonArray("pgd")) {
      JsonObject json = run.getAsJsonObject();
      String name = json.get("norm").getAsString() + " " + json.get("mode").getAsString();
      tests.add(DynamicTest.dynamicTest(name, () -> replay(json)));
    }
    return tests;
  }

  private void replay(JsonObject run) {
    open();
    NDArray x = Vectors.tensor(manager, SCRIPT.get("x"));
    ScriptedObjective objective = scripted(run);
    double epsilon = run.get("eps").getAsDouble();
    boolean linf = run.get("norm").getAsString().equals("linf");
    PgdAttack attack =
        PgdAttack.builder(linf ? ThreatModel.linf(epsilon) : ThreatModel.l2(epsilon))
            .steps(run.get("iterations").getAsInt())
            .stepSize(run.get("stepsize").getAsDouble())
            .momentum(run.get("momentum").getAsDouble())
            .randomStart(false)
            .build();

    JsonElement start = run.get("initial_perturbation");
    AttackResult result =
        start.isJsonNull()
            ? attack.perturb(objective, x)
            : attack.perturb(objective, x, x.add(Vectors.tensor(manager, start)));

    List<JsonElement> expected = run.getAsJsonArray("x_evaluated_at_each_call").asList();
    assertThat(objective.evaluated()).hasSameSizeAs(expected);
    for (int i = 0; i < expected.size(); i++) {
      assertClose(objective.evaluated().get(i), Vectors.floats(expected.get(i)));
    }
    assertClose(result.images().toFloatArray(), Vectors.floats(run.get("returned")));
    close();
  }

  /** The recorded script, mirrored for a run that goes downhill. */
  private ScriptedObjective scripted(JsonObject run) {
    NDArray gradients = Vectors.tensor(manager, SCRIPT.get("script_gradients"));
    List<Integer> previous = new ArrayList<>();
    for (int call = 0; call <= 50; call++) {
      previous.add(call == 0 ? 50 : call - 1);
    }
    gradients = ScriptedObjective.withRow(gradients, 1, previous, 0);
    if (run.has("nan_gradients")) {
      gradients = withRecordedNans(gradients);
    }
    if (run.get("mode").getAsString().equals("min")) {
      gradients = gradients.neg();
    }
    NDArray losses = Vectors.tensor(manager, SCRIPT.get("script_losses"));
    return new ScriptedObjective(losses, gradients, null, null);
  }

  /** Call 2: pixel [1,1,1] of every example; call 5: all of example 4. */
  private NDArray withRecordedNans(NDArray gradients) {
    float[] values = gradients.toFloatArray();
    int example = 3 * 3 * 3;
    for (int i = 0; i < 6; i++) {
      values[(2 * 6 + i) * example + 9 + 3 + 1] = Float.NaN;
    }
    Arrays.fill(values, (5 * 6 + 4) * example, (5 * 6 + 5) * example, Float.NaN);
    return manager.create(values, gradients.getShape());
  }

  @Test
  void countsGradientsThatAreNotFinite() {
    JsonObject run =
        Vectors.read("s_scripted_robustvlm").getAsJsonArray("pgd").get(3).getAsJsonObject();
    NDArray x = Vectors.tensor(manager, SCRIPT.get("x"));

    AttackResult result =
        PgdAttack.builder(ThreatModel.l2(0.5))
            .steps(8)
            .randomStart(false)
            .build()
            .perturb(scripted(run), x);

    assertThat(result.cost()).isEqualTo(new AttackCost(48, 48, 7, 0));
  }

  @Test
  void climbsALinearLossToTheCornerOfTheBallAndOfTheUnitCube() {
    NDArray x = manager.create(new float[] {0.5f, 0.02f, 0.99f, 0.5f}, new Shape(1, 1, 2, 2));
    NDArray slope = manager.create(new float[] {2, -1, 3, 0}, new Shape(1, 1, 2, 2));
    LinearObjective objective = new LinearObjective(slope, 0);

    AttackResult result =
        PgdAttack.builder(ThreatModel.linf(0.1)).randomStart(false).build().perturb(objective, x);

    assertThat(result.images().toFloatArray())
        .containsExactly(new float[] {0.6f, 0, 1, 0.5f}, within(1e-6f));
    assertThat(objective.forwards()).isEqualTo(10);
    assertThat(result.losses().getFloat()).isCloseTo(4.2f, within(1e-5f));
    assertThat(result.succeeded().toBooleanArray()).containsExactly(true);
    assertThat(objective.forwards()).isEqualTo(11);
  }

  @Test
  void followsTheGradientToTheRimOfTheL2Ball() {
    NDArray x = manager.create(new float[] {0.5f, 0.5f}, new Shape(1, 1, 1, 2));
    NDArray slope = manager.create(new float[] {3, 4}, new Shape(1, 1, 1, 2));

    AttackResult result =
        PgdAttack.builder(ThreatModel.l2(0.1))
            .randomStart(false)
            .build()
            .perturb(new LinearObjective(slope, 0), x);

    assertThat(result.images().toFloatArray())
        .containsExactly(new float[] {0.56f, 0.58f}, within(1e-6f));
  }

  @Test
  void drawsTheSameStartForAnImageWhateverTheBatch() {
    NDArray x = manager.randomUniform(0, 1, new Shape(4, 3, 5, 5));
    NDArray slope = manager.zeros(new Shape(4, 3, 5, 5));
    PgdAttack attack = PgdAttack.builder(ThreatModel.linf(0.1)).steps(1).seed(7).build();

    NDArray together = attack.perturb(new LinearObjective(slope, 0), x).images();
    NDArray lastTwo =
        attack
            .perturb(
                new LinearObjective(slope.get("2:"), 0),
                x.get("2:"),
                AttackOptions.none().withImageIds(2, 3))
            .images();
    NDArray otherSeed =
        attack.perturb(new LinearObjective(slope, 0), x, AttackOptions.none().withSeed(8)).images();

    assertThat(lastTwo.toFloatArray()).containsExactly(together.get("2:").toFloatArray());
    assertThat(otherSeed.toFloatArray()).isNotEqualTo(together.toFloatArray());
    assertThat(together.sub(x).abs().max().getFloat()).isBetween(0.05f, 0.1f);
  }

  @Test
  void saysWhatIsWrongWithItsInput() {
    PgdAttack attack = PgdAttack.builder(ThreatModel.linf(0.1)).build();
    Objective objective = new LinearObjective(manager.ones(new Shape(1, 3, 2, 2)), 0);
    NDArray bytes = manager.ones(new Shape(1, 3, 2, 2)).mul(255);

    assertThatThrownBy(() -> attack.perturb(objective, bytes))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("pixels must lie in [0,1], got [255.0, 255.0]; divide 8-bit values by 255");
    assertThatThrownBy(() -> attack.perturb(objective, manager.ones(new Shape(3, 2, 2))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("pixels must be [N,C,H,W] float32, got (3, 2, 2)");
    assertThatThrownBy(() -> PgdAttack.builder(ThreatModel.linf(0.1)).momentum(1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("momentum must be in [0, 1), got 1.0");
    NDArray x = manager.ones(new Shape(1, 3, 2, 2));
    assertThatThrownBy(() -> attack.perturb(objective, x, x.mul(Float.NaN)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("start must be finite");
  }

  @Test
  void saysThatAModelIsNotDifferentiable() {
    NDArray x = manager.ones(new Shape(1, 3, 2, 2));
    Classifier rounded = pixels -> pixels.round().stopGradient().reshape(1, -1);
    Objective objective = Objectives.crossEntropy(rounded, manager.create(new long[] {0}));

    assertThatThrownBy(() -> PgdAttack.builder(ThreatModel.linf(0.1)).build().perturb(objective, x))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("not connected to the input by differentiable operations");
  }

  private static void assertClose(float[] actual, float[] expected) {
    assertThat(actual).containsExactly(expected, within(1e-5f));
  }
}
