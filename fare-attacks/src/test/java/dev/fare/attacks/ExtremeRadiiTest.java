package dev.fare.attacks;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonObject;
import dev.fare.Attack;
import dev.fare.AttackResult;
import dev.fare.Classifier;
import dev.fare.Norm;
import dev.fare.ThreatModel;
import dev.fare.attacks.objective.ClassificationObjective;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Radii of a few last bits of a pixel, and radii whose squares are no float32. */
class ExtremeRadiiTest {

  private static final JsonObject MODELS = Vectors.read("a_apgd_runs");

  private static List<Attack> attacks(ThreatModel threat) {
    return List.of(
        PgdAttack.builder(threat).steps(3).build(),
        PgdAttack.builder(threat).steps(3).momentum(0).randomStart(false).build(),
        ApgdAttack.builder(threat).steps(5).build(),
        ApgdAttack.builder(threat).steps(5).useLargerEpsilons(true).build(),
        FabAttack.builder(threat).steps(3).restarts(2).targets(2).build(),
        SquareAttack.builder(threat).queries(10).build());
  }

  @ParameterizedTest
  @CsvSource({
    "L1, 1e-7",
    "L1, 1e-5",
    "L1, 1e-4",
    "L1, 3e-4",
    "L1, 1e-3",
    "L1, 1e-2",
    "L2, 1e-7",
    "L2, 1e-5",
    "L2, 1e-3",
    "LINF, 1e-9",
    "LINF, 1e-5",
    "L1, 1e4",
    "L1, 1e20",
    "L1, 1e38",
    "L1, 1e300",
    "L2, 1e4",
    "L2, 1e20",
    "L2, 1e300",
    "LINF, 1"
  })
  void everyAttackEndsInTheBall(Norm norm, double epsilon) {
    ThreatModel threat = new ThreatModel(norm, epsilon);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Classifier model = TinyModels.of(manager, MODELS.getAsJsonObject("models"), "mlp");
      NDArray x = Vectors.tensor(manager, MODELS.get("x"));
      NDArray labels = Vectors.labels(manager, MODELS.get("y"));
      ClassificationObjective objective = Objectives.crossEntropy(model, labels);
      for (Attack attack : attacks(threat)) {
        AttackResult result = attack.perturb(objective, x);

        double length = length(norm, x, result.images());
        assertThat(length).as(attack.toString()).isLessThanOrEqualTo(epsilon * (1 + 1e-6));
        if (epsilon >= 1e4) {
          assertThat(length).as(attack.toString()).isPositive();
        }
      }
    }
  }

  /** The longest change of an image, added up in double precision; NaN where a pixel is. */
  private static double length(Norm norm, NDArray x, NDArray images) {
    float[] clean = x.toFloatArray();
    float[] found = images.toFloatArray();
    int size = clean.length / 8;
    double longest = 0;
    for (int image = 0; image < 8; image++) {
      double sum = 0;
      for (int i = image * size; i < (image + 1) * size; i++) {
        assertThat(found[i]).isBetween(0f, 1f);
        double change = Math.abs((double) found[i] - clean[i]);
        sum =
            switch (norm) {
              case LINF -> Math.max(sum, change);
              case L2 -> sum + change * change;
              case L1 -> sum + change;
            };
      }
      longest = Math.max(longest, norm == Norm.L2 ? Math.sqrt(sum) : sum);
    }
    return longest;
  }
}
