package dev.fare.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.Attack;
import dev.fare.Classifier;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.FabAttack;
import dev.fare.attacks.Objectives;
import dev.fare.attacks.PgdAttack;
import dev.fare.attacks.objective.ClassificationObjective;
import dev.fare.torch.Autograd;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The table of attacks of docs/attacks.md is what {@link AttackTable} compiles, and it runs: on a
 * model that looks at the mean of all pixels, so that an image's distance to the boundary is known.
 */
class AttackTableTest {

  private static final double NEAR = 2.5 / 255;
  private static final double FAR = 6 / 255.0;
  private static final ThreatModel BALL = ThreatModel.linf(4 / 255.0);

  private final Function<ThreatModel, Attack> attackAt = ball -> PgdAttack.builder(ball).build();

  private NDManager manager;
  private NDArray images;
  private ClassificationObjective objective;

  @BeforeEach
  void drawOneImageNearTheBoundaryAndOneFar() {
    manager = NDManager.newBaseManager("PyTorch");
    NDArray gray = manager.full(new Shape(1, 3, 8, 8), 0.5f);
    images = gray.add(NEAR).concat(gray.add(FAR), 0);
    Classifier isBright =
        pixels -> {
          NDArray mean = pixels.reshape(pixels.getShape().get(0), -1).mean(new int[] {1}, true);
          NDArray brightness = Autograd.scaled(mean.sub(0.5), 100);
          NDArray other = Autograd.scaled(brightness, 0);
          return brightness.getNDArrayInternal().concat(new NDList(other), 1); // [N,2]
        };
    objective = Objectives.crossEntropy(isBright, manager.create(new long[] {0, 0}));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void everyCallOfTheTablesIsCompiled() throws IOException {
    String compiled = withoutSpace(Pages.source("AttackTable"));
    List<String> calls =
        Pages.text("docs/attacks.md")
            .lines()
            .filter(line -> line.startsWith("| "))
            .flatMap(line -> Pattern.compile("`(\\w+\\.\\w+\\([^`]*)`").matcher(line).results())
            .map(match -> withoutSpace(match.group(1)))
            .filter(call -> !call.contains("…") && !call.startsWith("Objectives."))
            .toList();

    assertThat(calls).hasSize(12).allSatisfy(call -> assertThat(compiled).contains(call));
  }

  private static String withoutSpace(String text) {
    return text.replaceAll("\\s", "");
  }

  /** But for the last, AutoAttack, which is these, FAB and Square. */
  @Test
  void gradientAttacksFindTheNearBoundary() {
    for (Attack attack : AttackTable.attacks(BALL).subList(0, 3)) {
      assertThat(attack.perturb(objective, images).succeeded().toBooleanArray())
          .as(attack.toString())
          .containsExactly(true, false);
    }
  }

  @Test
  void oneStepReachesTheNearBoundary() {
    assertThat(AttackTable.oneStep().perturb(objective, images).succeeded().toBooleanArray())
        .containsExactly(true, false);
  }

  @Test
  void fabFindsTheDistanceToTheBoundary() {
    try (FabAttack.MinimumNorm nearest = AttackTable.nearest(BALL, objective, images)) {
      float[] distances = nearest.distances().toFloatArray();

      assertThat((double) distances[0]).isBetween(NEAR, 1.01 * NEAR);
      assertThat((double) distances[1]).isBetween(FAR, 1.01 * FAR);
    }
  }

  @Test
  void squareNeedsNoGradient() {
    boolean[] succeeded =
        AttackTable.withoutGradients(BALL).perturb(objective, images).succeeded().toBooleanArray();

    assertThat(succeeded).containsExactly(true, false);
  }

  @Test
  void aSweepSaysWhatFallsAtWhichRadius() {
    boolean[][] matrix = AttackTable.sweep(attackAt, objective, images).succeeded();

    assertThat(matrix[0]).containsExactly(false, false);
    assertThat(matrix[1]).containsExactly(true, false);
  }

  @Test
  void bisectionEndsRightAboveTheDistance() {
    double[] epsilons = AttackTable.bisect(attackAt, objective, images).epsilons();
    double grain = 8 / 255.0 / 64;

    assertThat(epsilons[0]).isBetween(NEAR, NEAR + grain + 1e-6);
    assertThat(epsilons[1]).isBetween(FAR, FAR + grain + 1e-6);
  }

  @Test
  void stagesFollowEachOther() {
    ApgdAttack apgd = ApgdAttack.builder(BALL).steps(20).build();

    boolean[] succeeded =
        AttackTable.staged(objective, objective, apgd, images).succeeded().toBooleanArray();

    assertThat(succeeded).containsExactly(true, false);
  }

  @Test
  void aModelThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> AttackTable.adapted(Path.of("no-model.pt")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no-model.pt");
  }
}
