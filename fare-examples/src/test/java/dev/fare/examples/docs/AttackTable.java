package dev.fare.examples.docs;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import dev.fare.AdaptedModel;
import dev.fare.Attack;
import dev.fare.AttackResult;
import dev.fare.Norm;
import dev.fare.Objective;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.AutoAttack;
import dev.fare.attacks.EpsilonSweep;
import dev.fare.attacks.FabAttack;
import dev.fare.attacks.PgdAttack;
import dev.fare.attacks.SquareAttack;
import dev.fare.attacks.StagedAttack;
import dev.fare.attacks.TargetedApgdAttack;
import dev.fare.attacks.objective.ClassificationObjective;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;

/** The table of attacks of docs/attacks.md, compiled; {@link AttackTableTest} runs it. */
final class AttackTable {

  private AttackTable() {}

  static List<Attack> attacks(ThreatModel ball) {
    return List.of(
        PgdAttack.builder(ball).steps(20).build(),
        ApgdAttack.builder(ball).steps(100).restarts(5).build(),
        TargetedApgdAttack.builder(ball).targets(9).build(),
        AutoAttack.builder(ball).build());
  }

  static Attack oneStep() {
    return PgdAttack.fgsm(ThreatModel.linf(4 / 255.0));
  }

  static FabAttack.MinimumNorm nearest(
      ThreatModel ball, ClassificationObjective objective, NDArray images) {
    return FabAttack.builder(ball).targets(9).build().minimumNorm(objective, images);
  }

  static Attack withoutGradients(ThreatModel ball) {
    return SquareAttack.builder(ball).queries(5_000).build();
  }

  static EpsilonSweep.Matrix sweep(
      Function<ThreatModel, Attack> attackAt, ClassificationObjective objective, NDArray images) {
    return EpsilonSweep.run(
        Norm.LINF, attackAt, new double[] {1 / 255.0, 4 / 255.0}, objective, images);
  }

  static EpsilonSweep.Smallest bisect(
      Function<ThreatModel, Attack> attackAt, ClassificationObjective objective, NDArray images) {
    return EpsilonSweep.bisect(Norm.LINF, attackAt, 8 / 255.0, 6, objective, images);
  }

  static AttackResult staged(Objective half, Objective full, Attack apgd, NDArray images) {
    return StagedAttack.first(whole -> half, apgd).then(apgd).perturb(full, images);
  }

  static AdaptedModel adapted(Path path) throws IOException {
    return AdaptedModel.builder(path).imageSize(224).build();
  }

  static AdaptedModel adapted(Block block) throws IOException {
    return AdaptedModel.builder(block).imageSize(224).build();
  }

  static AdaptedModel adapted(Model model) throws IOException {
    return AdaptedModel.builder(model).imageSize(224).build();
  }
}
