package dev.fare.attacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import dev.fare.Attack;
import dev.fare.AttackResult;
import dev.fare.Classifier;
import dev.fare.Norm;
import dev.fare.Objective;
import dev.fare.ThreatModel;
import dev.fare.attacks.AutoAttack.Part;
import dev.fare.attacks.AutoAttack.Version;
import dev.fare.attacks.objective.ClassificationLoss;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AutoAttackTest {

  private static final JsonObject MODELS = Vectors.read("a_apgd_runs");
  private static final ThreatModel LINF = ThreatModel.linf(0.05);

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final Classifier model = TinyModels.of(manager, MODELS.getAsJsonObject("models"), "mlp");
  private final NDArray x = Vectors.tensor(manager, MODELS.get("x"));
  private final NDArray labels = Vectors.labels(manager, MODELS.get("y"));

  @AfterEach
  void close() {
    manager.close();
  }

  private static AutoAttack.Builder quick(ThreatModel threatModel) {
    return AutoAttack.builder(threatModel).steps(10).queries(20);
  }

  /** The parameters that the published code sets for each of its versions. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          STANDARD | LINF | apgd-ce 1 restarts, apgd-t 9 targets, fab-t 9 targets, square 5000
          STANDARD | L2   | apgd-ce 1 restarts, apgd-t 9 targets, fab-t 9 targets, square 5000
          STANDARD | L1   | apgd-ce 5 restarts larger, apgd-t 5 targets larger, fab-t 9 targets, square 5000
          PLUS     | LINF | apgd-ce 5 restarts, apgd-dlr 5 restarts, fab 5 restarts, square 5000, apgd-t 9 targets, fab-t 9 targets
          RAND     | L2   | apgd-ce 1 restarts 20 gradients, apgd-dlr 1 restarts 20 gradients
          PAPER    | LINF | apgd-ce 5 restarts, apgd-t 9 targets
          """)
  void hasThePublishedSettings(Version version, Norm norm, String expected) {
    AutoAttack attack = AutoAttack.builder(new ThreatModel(norm, 0.5)).version(version).build();

    assertThat(String.join(", ", attack.parts().stream().map(AutoAttackTest::summary).toList()))
        .isEqualTo(expected);
  }

  private static String summary(Part part) {
    String settings = part.attack().toString();
    if (!(part.attack() instanceof SquareAttack)) {
      assertThat(settings).contains("steps=100");
    }
    if (settings.startsWith("Square")) {
      return part.name() + " " + after(settings, "queries=");
    }
    boolean isTargeted = part.name().endsWith("-t");
    boolean isAveraged = settings.contains("eotIterations=20");
    if (isTargeted) {
      assertThat(after(settings, "restarts=")).isEqualTo("1");
    }
    // a random model's first success may be luck
    assertThat(settings.contains("stopAtSuccess=true"))
        .isEqualTo(settings.contains("Apgd") && !isAveraged);
    return part.name()
        + (isTargeted
            ? " " + after(settings, "targets=") + " targets"
            : " " + after(settings, "restarts=") + " restarts")
        + (settings.contains("useLargerEpsilons=true") ? " larger" : "")
        + (isAveraged ? " 20 gradients" : "");
  }

  private static String after(String settings, String name) {
    String rest = settings.substring(settings.indexOf(name) + name.length());
    return rest.substring(0, rest.indexOf(','));
  }

  @Test
  void isAnAttackThatReturnsTheWorstOfItsParts() {
    AttackResult result = quick(LINF).build().perturb(Objectives.crossEntropy(model, labels), x);

    assertThat(result.succeeded().toBooleanArray())
        .containsExactly(false, false, true, true, false, true, true, true);
  }

  @Test
  void refusesPartsOfAnotherThreatModel() {
    Part part =
        new Part("pgd", ClassificationLoss.CROSS_ENTROPY, PgdAttack.fgsm(ThreatModel.linf(0.1)));

    assertThatThrownBy(() -> AutoAttack.builder(LINF).parts(List.of(part)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(
            "pgd must have the threat model ThreatModel[norm=LINF, epsilon=0.05]");
  }

  /** A caller's attack, which moves every pixel up and claims success each time. */
  private record Brighten(double epsilon) implements Attack {
    @Override
    public AttackResult perturb(Objective objective, NDArray pixels) {
      NDArray images = pixels.add(epsilon).clip(0, 1);
      NDArray losses = pixels.getManager().zeros(new Shape(pixels.getShape().get(0)));
      return new AttackResult(images, images, losses, losses.eq(0));
    }

    @Override
    public AttackResult perturb(Objective objective, NDArray pixels, NDArray start) {
      return perturb(objective, pixels);
    }
  }

  private AttackResult withOwn(double epsilon) {
    Part own = new Part("own", ClassificationLoss.MARGIN, new Brighten(epsilon));
    ApgdAttack apgd = ApgdAttack.builder(LINF).steps(10).build();
    Part ours = new Part("apgd-ce", ClassificationLoss.CROSS_ENTROPY, apgd);
    return AutoAttack.builder(LINF)
        .parts(List.of(own, ours))
        .build()
        .perturb(Objectives.crossEntropy(model, labels), x);
  }

  @Test
  void aPartOfTheCallersOwnIsHeldToTheBallAndNotBelieved() {
    NDArray brighter = x.add(0.05).clip(0, 1);
    boolean[] fooled = model.logits(brighter).argMax(1).neq(labels).toBooleanArray();

    AttackResult result = withOwn(0.05);

    // with APGD after it, what the recorded run of APGD fools is fooled
    boolean[] apgd = {false, false, true, true, false, true, true, true};
    for (int i = 0; i < 8; i++) {
      assertThat(result.succeeded().toBooleanArray()[i]).isEqualTo(fooled[i] || apgd[i]);
    }
    assertThat(LINF.around(x).contains(result.images()).all().getBoolean()).isTrue();
    assertThatThrownBy(() -> withOwn(0.06))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("attack own left its threat model l∞ 12.75/255");
  }
}
