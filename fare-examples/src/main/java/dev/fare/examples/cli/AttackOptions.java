package dev.fare.examples.cli;

import dev.fare.attacks.AutoAttack;
import dev.fare.attacks.EvaluationAttacks;
import dev.fare.evaluation.EvaluationAttack;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How hard an attack tries. */
final class AttackOptions {

  /** The published attacks by the names that the command line has for them. */
  enum Name {
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
      names = "--iterations",
      paramLabel = "<n>",
      description = "of each attack; default ${DEFAULT-VALUE}")
  int iterations = 100;

  @Option(
      names = "--restarts",
      paramLabel = "<n>",
      description = "of PGD and APGD; default ${DEFAULT-VALUE}")
  int restarts = 1;

  @Option(
      names = "--targets",
      paramLabel = "<n>",
      description = "classes that apgd-t goes for; default ${DEFAULT-VALUE}")
  int targets = 9;

  @Option(
      names = "--queries",
      paramLabel = "<n>",
      description = "of square; default ${DEFAULT-VALUE}")
  int queries = 5_000;

  @Option(names = "--seed", paramLabel = "<n>", description = "default ${DEFAULT-VALUE}")
  long seed;

  EvaluationAttack attack(Name name) {
    return switch (name) {
      case PGD -> EvaluationAttacks.pgd(iterations, restarts, seed);
      case APGD_CE -> EvaluationAttacks.apgdCrossEntropy(iterations, restarts, seed);
      case APGD_DLR -> EvaluationAttacks.apgdDlr(iterations, restarts, seed);
      case APGD_T -> EvaluationAttacks.apgdTargeted(iterations, targets, seed);
      case FAB -> EvaluationAttacks.fab(iterations, seed);
      case SQUARE -> EvaluationAttacks.square(queries, seed);
      case AUTOATTACK -> EvaluationAttacks.autoAttack(AutoAttack.Version.STANDARD, seed);
    };
  }

  /** The attacks of several names. */
  List<EvaluationAttack> attacks(@Nullable List<Name> names) {
    return names == null ? List.of() : names.stream().map(this::attack).toList();
  }
}
