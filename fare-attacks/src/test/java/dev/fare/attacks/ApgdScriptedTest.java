package dev.fare.attacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fare.AttackResult;
import dev.fare.Norm;
import dev.fare.ThreatModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Replays runs of the published APGD whose losses, gradients and logits come from a script. */
class ApgdScriptedTest {

  private static final JsonObject SCRIPT = Vectors.read("s_scripted_apgd");

  @TestFactory
  List<DynamicTest> replaysTheOriginal() {
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonElement run : SCRIPT.getAsJsonArray("runs")) {
      JsonObject json = run.getAsJsonObject();
      String name =
          json.get("norm").getAsString()
              + " n_iter "
              + json.get("n_iter")
              + " eot "
              + json.get("eot_iter")
              + " rho "
              + json.get("rho")
              + " "
              + json.get("start").getAsString();
      tests.add(DynamicTest.dynamicTest(name, () -> replay(json)));
    }
    return tests;
  }

  @TestFactory
  List<DynamicTest> replaysTheTrainingVariant() {
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonElement run : Vectors.read("s_scripted_robustvlm").getAsJsonArray("apgd_train")) {
      JsonObject json = run.getAsJsonObject();
      String name = json.get("norm").getAsString() + " n_iter " + json.get("n_iter");
      tests.add(DynamicTest.dynamicTest(name, () -> replayTraining(json)));
    }
    return tests;
  }

  private static ApgdAttack.Builder builder(JsonObject run) {
    Norm norm = Norm.valueOf(run.get("norm").getAsString().toUpperCase(Locale.ROOT));
    return ApgdAttack.builder(new ThreatModel(norm, run.get("eps").getAsDouble()))
        .steps(run.get("n_iter").getAsInt())
        .randomStart(false);
  }

  private static ScriptedObjective objective(NDManager manager) {
    return new ScriptedObjective(
        Vectors.tensor(manager, SCRIPT.get("script_losses")),
        Vectors.tensor(manager, SCRIPT.get("script_gradients")),
        Vectors.tensor(manager, SCRIPT.get("script_logits")),
        Vectors.labels(manager, SCRIPT.get("y")));
  }

  private static void replay(JsonObject run) {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray x = Vectors.tensor(manager, SCRIPT.get("x"));
      int passes = run.get("eot_iter").getAsInt();
      ScriptedObjective objective = objective(manager);
      List<float[]> stepSizes = new ArrayList<>();
      ApgdAttack attack =
          builder(run)
              .rho(run.get("rho").getAsDouble())
              .eotIterations(passes)
              .listener(progress -> stepSizes.add(progress.stepSizes().toFloatArray()))
              .build();

      AttackResult result =
          run.has("t")
              ? attack.perturb(objective, x, recordedStart(manager, run, x))
              : attack.perturb(objective, x);

      if (run.has("x_evaluated_at_each_call")) {
        List<JsonElement> expected = run.getAsJsonArray("x_evaluated_at_each_call").asList();
        assertThat(objective.evaluated()).hasSize(passes * expected.size());
        for (int i = 0; i < expected.size(); i++) {
          assertThat(objective.evaluated().get(passes * i))
              .as("point " + i)
              .containsExactly(Vectors.floats(expected.get(i)), within(1e-5f));
        }
      }
      assertStepSizes(stepSizes, run.getAsJsonArray("step_size_used_per_iteration"));
      assertResult(result, run);
    }
  }

  private static NDArray recordedStart(NDManager manager, JsonObject run, NDArray x) {
    NDArray draw = Vectors.tensor(manager, run.get("t"));
    ThreatModel threatModel = ThreatModel.l2(run.get("eps").getAsDouble());
    return ApgdAttack.randomStart(threatModel.around(x), draw);
  }

  private static void assertStepSizes(List<float[]> actual, JsonArray expected) {
    assertThat(actual).hasSize(expected.size());
    for (int i = 0; i < actual.size(); i++) {
      assertThat(actual.get(i))
          .as("iteration " + i)
          .containsExactly(Vectors.floats(expected.get(i)), within(1e-7f));
    }
  }

  private static void assertResult(AttackResult result, JsonObject run) {
    boolean[] robust = Vectors.booleans(run.get("acc"));
    boolean[] succeeded = result.succeeded().toBooleanArray();
    float[] lastAdversarial = Vectors.floats(run.get("x_best_adv"));
    float[] best = Vectors.floats(run.get("x_best"));
    float[] images = result.images().toFloatArray();
    assertThat(result.losses().toFloatArray())
        .containsExactly(Vectors.floats(run.get("loss_best")), within(1e-6f));
    assertThat(result.highestLossImages().toFloatArray()).containsExactly(best, within(1e-5f));
    int size = images.length / robust.length;
    for (int i = 0; i < images.length; i++) {
      boolean isRobust = robust[i / size];
      assertThat(succeeded[i / size]).isEqualTo(!isRobust);
      assertThat(images[i]).isCloseTo(isRobust ? best[i] : lastAdversarial[i], within(1e-5f));
    }
  }

  private static void replayTraining(JsonObject run) {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray x = Vectors.tensor(manager, SCRIPT.get("x"));
      ScriptedObjective objective = objective(manager);
      List<float[]> stepSizes = new ArrayList<>();
      ApgdAttack.Builder builder =
          builder(run).listener(progress -> stepSizes.add(progress.stepSizes().toFloatArray()));
      if (!run.get("initial_stepsize").isJsonNull()) {
        builder.initialStepSize(run.get("initial_stepsize").getAsDouble());
      }
      if (run.get("norm").getAsString().equals("l1")) {
        builder.initialSparsity(0.05);
      }

      AttackResult result = builder.build().perturb(objective, x);

      assertStepSizes(stepSizes, run.getAsJsonArray("step_size_used_per_iteration"));
      assertThat(result.losses().toFloatArray())
          .containsExactly(Vectors.floats(run.get("loss_best")), within(1e-6f));
      assertThat(result.highestLossImages().toFloatArray())
          .containsExactly(Vectors.floats(run.get("x_best_internal")), within(1e-5f));
      assertThat(objective.evaluated().get(objective.evaluated().size() - 1))
          .containsExactly(Vectors.floats(run.get("x_evaluated_last")), within(1e-5f));
      assertReturned(result, Vectors.floats(run.get("returned")));
    }
  }

  /** The original returns the start where nothing succeeded; we return the highest loss there. */
  private static void assertReturned(AttackResult result, float[] returned) {
    boolean[] succeeded = result.succeeded().toBooleanArray();
    float[] images = result.images().toFloatArray();
    int size = images.length / succeeded.length;
    for (int i = 0; i < images.length; i++) {
      if (succeeded[i / size]) {
        assertThat(images[i]).isCloseTo(returned[i], within(1e-5f));
      }
    }
  }
}
