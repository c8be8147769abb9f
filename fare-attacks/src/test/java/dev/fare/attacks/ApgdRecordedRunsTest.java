package dev.fare.attacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fare.AttackResult;
import dev.fare.Classifier;
import dev.fare.Norm;
import dev.fare.Objective;
import dev.fare.ThreatModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Replays runs of the published APGD on two small networks, as closely as they reproduce. */
class ApgdRecordedRunsTest {

  private static final JsonObject RUNS = Vectors.read("a_apgd_runs");

  @TestFactory
  List<DynamicTest> replaysTheOriginal() {
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonElement run : RUNS.getAsJsonArray("runs")) {
      JsonObject json = run.getAsJsonObject();
      tests.add(DynamicTest.dynamicTest(json.get("name").getAsString(), () -> replay(json)));
    }
    return tests;
  }

  private static void replay(JsonObject run) {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray x = Vectors.tensor(manager, RUNS.get("x"));
      Norm norm = Norm.valueOf(run.get("norm").getAsString().toUpperCase(Locale.ROOT));
      ThreatModel threatModel = new ThreatModel(norm, run.get("eps").getAsDouble());
      List<float[]> losses = new ArrayList<>();
      List<float[]> stepSizes = new ArrayList<>();
      ApgdAttack attack =
          ApgdAttack.builder(threatModel)
              .steps(run.get("n_iter").getAsInt())
              .randomStart(false)
              .listener(
                  progress -> {
                    losses.add(progress.losses().toFloatArray());
                    stepSizes.add(progress.stepSizes().toFloatArray());
                  })
              .build();

      AttackResult result =
          switch (run.get("start").getAsString()) {
            case "x_init" ->
                attack.perturb(
                    objective(manager, run), x, Vectors.tensor(manager, run.get("x_init")));
            case "random" ->
                attack.perturb(
                    objective(manager, run),
                    x,
                    ApgdAttack.randomStart(
                        threatModel.around(x),
                        Vectors.tensor(manager, run.get("t")).mul(2).sub(1)));
            default -> attack.perturb(objective(manager, run), x);
          };

      assertTrajectory(run, "loss_steps", losses, 1e-3f);
      assertTrajectory(run, "step_size_steps", stepSizes, 1e-6f);
      assertResult(run, result);
    }
  }

  private static Objective objective(NDManager manager, JsonObject run) {
    Classifier model =
        TinyModels.of(manager, RUNS.getAsJsonObject("models"), run.get("model").getAsString());
    NDArray labels = Vectors.labels(manager, RUNS.get("y"));
    return switch (run.get("loss").getAsString()) {
      case "ce" -> Objectives.crossEntropy(model, labels);
      case "dlr" -> Objectives.dlr(model, labels);
      case "dlr-targeted" ->
          Objectives.targetedDlr(model, labels, Vectors.labels(manager, run.get("y_target")));
      default -> throw new IllegalArgumentException(run.get("loss").getAsString());
    };
  }

  private static void assertTrajectory(
      JsonObject run, String name, List<float[]> actual, float relative) {
    JsonElement agreeing = run.getAsJsonObject("noise").get("agreeing_iterations");
    float[] rows = Vectors.floats(agreeing);
    List<JsonElement> expected = run.getAsJsonArray(name).asList();
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.size(); i++) {
      float[] row = Vectors.floats(expected.get(i));
      for (int example = 0; example < row.length; example++) {
        if (i < rows[example]) {
          assertThat(actual.get(i)[example])
              .as(name + " " + i + " of example " + example)
              .isCloseTo(row[example], within(relative * Math.abs(row[example]) + 1e-6f));
        }
      }
    }
  }

  /**
   * The original was run again on pixels changed by a rounding: by so much may the ends differ. In
   * l1 on the convolution that is much, since a last bit decides which coordinates are moved.
   */
  private static void assertResult(JsonObject run, AttackResult result) {
    JsonObject noise = run.getAsJsonObject("noise");
    boolean[] robust = Vectors.booleans(run.get("acc"));
    boolean[] changed = Vectors.booleans(noise.get("acc_changed"));
    boolean[] stable = Vectors.booleans(noise.get("stable"));
    float[] spread = Vectors.floats(noise.get("rel_diff_loss_best"));
    float[] moved = Vectors.floats(noise.get("x_best_elements_off_by_1e-4"));
    boolean[] succeeded = result.succeeded().toBooleanArray();
    float[] best = Vectors.floats(run.get("loss_best"));
    float[] losses = result.losses().toFloatArray();
    assertThat(losses).hasSize(8);
    for (int i = 0; i < losses.length; i++) {
      if (!changed[i]) {
        assertThat(succeeded[i]).as("success of example " + i).isEqualTo(!robust[i]);
      }
      float relative = stable[i] ? 1e-4f : 1e-4f + 1.01f * spread[i];
      assertThat(losses[i])
          .as("highest loss of example " + i)
          .isCloseTo(best[i], within(relative * Math.abs(best[i]) + 1e-7f));
      if (run.has("x_best")) {
        assertImage(run, "x_best", result.highestLossImages(), i, 2 + (int) moved[i]);
      }
      if (stable[i] && run.has("x_best_adv") && succeeded[i]) {
        assertImage(run, "x_best_adv", result.images(), i, 2);
      }
    }
  }

  /** How many values differ visibly. */
  private static void assertImage(
      JsonObject run, String name, NDArray actual, int example, int most) {
    float[] expected = Vectors.floats(run.get(name));
    float[] images = actual.toFloatArray();
    int size = images.length / 8;
    int off = 0;
    for (int i = example * size; i < (example + 1) * size; i++) {
      off += Math.abs(images[i] - expected[i]) > 1e-4 ? 1 : 0;
    }
    assertThat(off).as(name + " of example " + example).isLessThanOrEqualTo(most);
  }
}
