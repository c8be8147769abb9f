package dev.fare.cli.options;

import dev.fare.attacks.AutoAttack;
import dev.fare.evaluation.EvaluationAttack;
import dev.fare.evaluation.EvaluationAttacks;
import java.util.Locale;
import picocli.CommandLine.Option;

/** How hard an attack on a classifier tries. */
public class ClassifierAttackOptions extends AttackEffort {

  /** In the help, before what is inherited. */
  public static final int FIRST = -2;

  /** The published attacks by the names that the command line has for them. */
  public enum Name {
    PGD,
    APGD_CE,
    APGD_DLR,
    APGD_T,
    FAB,
    SQUARE,
    AUTOATTACK;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  @Option(
      names = "--targets",
      paramLabel = "<n>",
      description = "classes that apgd-t goes for; default ${DEFAULT-VALUE}")
  Count targets = new Count(9);

  @Option(
      names = "--queries",
      paramLabel = "<n>",
      description = "of square; default ${DEFAULT-VALUE}")
  Count queries = new Count(5_000);

  public final EvaluationAttack attack(Name name) {
    return switch (name) {
      case PGD -> EvaluationAttacks.pgd(steps.value(), restarts.value(), seed);
      case APGD_CE -> EvaluationAttacks.apgdCrossEntropy(steps.value(), restarts.value(), seed);
      case APGD_DLR -> EvaluationAttacks.apgdDlr(steps.value(), restarts.value(), seed);
      case APGD_T -> EvaluationAttacks.apgdTargeted(steps.value(), targets.value(), seed);
      case FAB -> EvaluationAttacks.fab(steps.value(), seed);
      case SQUARE -> EvaluationAttacks.square(queries.value(), seed);
      case AUTOATTACK -> EvaluationAttacks.autoAttack(AutoAttack.Version.STANDARD, seed);
    };
  }
}
