package dev.fare.attacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fare.AttackResult;
import dev.fare.Classifier;
import dev.fare.Norm;
import dev.fare.ThreatModel;
import dev.fare.attacks.fab.HyperplaneProjection;
import dev.fare.attacks.objective.ClassificationObjective;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FabAttackTest {

  private static final JsonObject FAB = Vectors.read("f_fab");
  private static final JsonObject MODELS = Vectors.read("a_apgd_runs");

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final NDArray x = Vectors.tensor(manager, MODELS.get("x"));
  private final NDArray labels = Vectors.labels(manager, MODELS.get("y"));
  private final ClassificationObjective objective =
      Objectives.crossEntropy(
          TinyModels.of(manager, MODELS.getAsJsonObject("models"), "mlp"), labels);

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void projectsOntoHyperplanesInTheUnitCubeAsTheOriginal() {
    for (JsonElement element : FAB.getAsJsonArray("hyperplane_projections")) {
      JsonObject json = element.getAsJsonObject();
      NDArray points = Vectors.tensor(manager, json.get("points"));
      NDArray weights = Vectors.tensor(manager, json.get("w"));
      NDArray offsets = Vectors.tensor(manager, json.get("b"));
      for (Norm norm : Norm.values()) {
        String name = norm.name().toLowerCase(Locale.ROOT);

        NDArray change = HyperplaneProjection.change(norm, points, weights, offsets);

        assertThat(change.toFloatArray())
            .as(name)
            .containsExactly(Vectors.floats(json.get(name)), within(2e-5f));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void findsTheSameNearestImagesAsTheOriginal(int index) {
    JsonObject run = FAB.getAsJsonArray("single_runs").get(index).getAsJsonObject();
    FabAttack attack = builder(run, 1).targets(run.get("targeted").getAsBoolean() ? 1 : 0).build();
    assertThat(run.get("target_class_rank").getAsInt()).isEqualTo(2);

    FabAttack.MinimumNorm nearest = attack.minimumNorm(objective, x);

    assertThat(nearest.distances().toFloatArray())
        .containsExactly(Vectors.floats(run.get("distance")), within(1e-4f));
    assertThat(nearest.images().toFloatArray())
        .containsExactly(Vectors.floats(run.get("x_adv")), within(1e-3f));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void keepsWithinTheBallAsTheOriginal(int index) {
    JsonObject run = FAB.getAsJsonArray("perturb_targeted").get(index).getAsJsonObject();
    FabAttack attack =
        builder(run, run.get("eps").getAsDouble())
            .targets(run.get("n_target_classes").getAsInt())
            .build();

    AttackResult result = attack.perturb(objective, x);

    float[] distances = attack.threatModel().size(result.images().sub(x)).toFloatArray();
    assertThat(distances).containsExactly(Vectors.floats(run.get("distance")), within(1e-4f));
    boolean[] succeeded = result.succeeded().toBooleanArray();
    float[] predicted = Vectors.floats(run.get("pred"));
    long[] right = labels.toLongArray();
    for (int i = 0; i < succeeded.length; i++) {
      assertThat(succeeded[i]).isEqualTo(predicted[i] != right[i]);
    }
  }

  private static FabAttack.Builder builder(JsonObject run, double epsilon) {
    Norm norm = Norm.valueOf(run.get("norm").getAsString().toUpperCase(Locale.ROOT));
    return FabAttack.builder(new ThreatModel(norm, epsilon)).steps(run.get("n_iter").getAsInt());
  }

  @Test
  void findsNoFartherImagesWhenItMayGoToAnyClass() {
    ThreatModel threatModel = ThreatModel.linf(1);
    FabAttack any = FabAttack.builder(threatModel).steps(20).build();
    FabAttack likeliest = FabAttack.builder(threatModel).steps(20).targets(4).build();

    float[] distances = any.minimumNorm(objective, x).distances().toFloatArray();
    float[] targeted = likeliest.minimumNorm(objective, x).distances().toFloatArray();

    assertThat(distances).hasSize(8);
    for (int i = 0; i < distances.length; i++) {
      assertThat(targeted[i]).isFinite();
      assertThat(distances[i]).isCloseTo(targeted[i], within(0.1f * targeted[i] + 1e-6f));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2})
  void saysThatAModelIsNotDifferentiable(int targets) {
    Classifier rounded =
        pixels -> pixels.mul(255).round().stopGradient().reshape(8, -1).get(":,:5");
    NDArray right = rounded.logits(x).argMax(1);
    FabAttack attack = FabAttack.builder(ThreatModel.linf(0.1)).targets(targets).build();

    assertThatThrownBy(() -> attack.perturb(Objectives.crossEntropy(rounded, right), x))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("not connected to the input by differentiable operations");
  }

  @Test
  void saysThatItNeedsAClassificationObjective() {
    FabAttack attack = FabAttack.builder(ThreatModel.linf(0.1)).build();

    assertThatThrownBy(() -> attack.perturb(new LinearObjective(x, 1e9), x))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("must be a ClassificationObjective such as Objectives.crossEntropy");
  }
}
