package dev.fare.examples;

import ai.djl.ndarray.NDArray;
import dev.fare.AdaptedModel;
import dev.fare.Attack;
import dev.fare.AttackResult;
import dev.fare.Norm;
import dev.fare.Objective;
import dev.fare.ThreatModel;
import dev.fare.attacks.EpsilonSweep;
import dev.fare.attacks.FabAttack;
import dev.fare.attacks.PgdAttack;
import dev.fare.attacks.SquareAttack;
import dev.fare.attacks.StagedAttack;
import dev.fare.attacks.objective.ClassificationObjective;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Function;

/** The README's table of further attacks, compiled; {@link FurtherAttacksTest} runs it. */
final class FurtherAttacks {

  private FurtherAttacks() {}

  static Attack oneStep() {
    return PgdAttack.fgsm(ThreatModel.linf(4 / 255.0));
  }

  static FabAttack.MinimumNorm nearest(
      ThreatModel threatModel, ClassificationObjective objective, NDArray images) {
    return FabAttack.builder(threatModel).targets(9).build().minimumNorm(objective, images);
  }

  static Attack withoutGradients(ThreatModel threatModel) {
    return SquareAttack.builder(threatModel).queries(5_000).build();
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
    return AdaptedModel.torchScript(path).imageSize(224).build();
  }
}
