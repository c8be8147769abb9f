package dev.fare.evaluation;

import com.google.common.collect.ImmutableList;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.AutoAttack;
import dev.fare.attacks.FabAttack;
import dev.fare.attacks.ImageAttack;
import dev.fare.attacks.Objectives;
import dev.fare.attacks.PgdAttack;
import dev.fare.attacks.SquareAttack;
import dev.fare.attacks.TargetedApgdAttack;
import dev.fare.evaluation.EvaluationAttack.ObjectiveFactory;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * The published attacks as rows of a {@code RobustnessEvaluation}, under the names that readers
 * know and with the settings that its report prints.
 *
 * <p>All of them end on an image with their first success, which changes what they cost and not
 * what they find.
 */
public final class EvaluationAttacks {

  private static final int PAPER_STEPS = 100;
  private static final int PAPER_RESTARTS = 5;
  private static final int PAPER_TARGETS = 9;

  /** Targeted APGD's difference of logits ratio needs a third class to compare with. */
  private static final int FEWEST_CLASSES_FOR_TARGETS = 3;

  private EvaluationAttacks() {}

  /**
   * The zero-shot protocol of Robust CLIP (Schlarmann et al., 2024, section 4.3): APGD on the
   * cross-entropy with 100 steps and five restarts, then targeted APGD with 100 steps on nine
   * targets; with two classes only the former. Give them to an evaluation that is a {@code
   * cascade}, as published.
   *
   * @param classes how many the classifiers tell apart
   * @param seed of the random starts
   */
  public static List<EvaluationAttack> zeroShotProtocol(int classes, long seed) {
    EvaluationAttack first = apgdCrossEntropy(PAPER_STEPS, PAPER_RESTARTS, seed);
    return classes < FEWEST_CLASSES_FOR_TARGETS
        ? ImmutableList.of(first)
        : ImmutableList.of(first, apgdTargeted(PAPER_STEPS, PAPER_TARGETS, seed));
  }

  /** PGD on the cross-entropy, with momentum 0.9 and steps of 2.5 ε divided by their number. */
  public static EvaluationAttack pgd(int steps, int restarts, long seed) {
    return climbing(
        "PGD",
        "cross-entropy, " + iterations(steps) + times(restarts),
        seed,
        threat ->
            PgdAttack.builder(threat)
                .steps(steps)
                .restarts(restarts)
                .stopAtSuccess(true)
                .seed(seed)
                .build(),
        Objectives::crossEntropy);
  }

  /** APGD on the cross-entropy. */
  public static EvaluationAttack apgdCrossEntropy(int steps, int restarts, long seed) {
    return climbing(
        "APGD-CE",
        "cross-entropy, " + iterations(steps) + times(restarts),
        seed,
        threat -> apgd(threat, steps, restarts, seed),
        Objectives::crossEntropy);
  }

  /** APGD on the difference of logits ratio. */
  public static EvaluationAttack apgdDlr(int steps, int restarts, long seed) {
    return climbing(
        "APGD-DLR",
        "difference of logits ratio, " + iterations(steps) + times(restarts),
        seed,
        threat -> apgd(threat, steps, restarts, seed),
        Objectives::dlr);
  }

  private static ApgdAttack apgd(ThreatModel threat, int steps, int restarts, long seed) {
    return ApgdAttack.builder(threat)
        .steps(steps)
        .restarts(restarts)
        .stopAtSuccess(true)
        .seed(seed)
        .build();
  }

  /**
   * APGD on the targeted difference of logits ratio.
   *
   * @param targets how many of the most likely wrong classes it goes for
   */
  public static EvaluationAttack apgdTargeted(int steps, int targets, long seed) {
    return climbing(
        "APGD-T",
        "targeted difference of logits ratio, "
            + iterations(steps)
            + ", "
            + targets
            + (targets == 1 ? " target" : " targets"),
        seed,
        threat ->
            TargetedApgdAttack.builder(threat)
                .steps(steps)
                .targets(targets)
                .stopAtSuccess(true)
                .seed(seed)
                .build(),
        Objectives::margin);
  }

  /** The fast adaptive boundary attack on the nine most likely wrong classes. */
  public static EvaluationAttack fab(int steps, long seed) {
    return climbing(
        "FAB-T",
        iterations(steps) + ", " + PAPER_TARGETS + " targets",
        seed,
        threat -> FabAttack.builder(threat).steps(steps).targets(PAPER_TARGETS).seed(seed).build(),
        Objectives::margin);
  }

  /** Square, which sees only the logits. */
  public static EvaluationAttack square(int queries, long seed) {
    return climbing(
        "Square",
        String.format(Locale.ROOT, "%d queries", queries),
        seed,
        threat -> SquareAttack.builder(threat).queries(queries).seed(seed).build(),
        Objectives::margin);
  }

  /** AutoAttack as one row: the worst case over its parts. */
  public static EvaluationAttack autoAttack(AutoAttack.Version version, long seed) {
    return climbing(
        "AutoAttack",
        version.name().toLowerCase(Locale.ROOT) + " version",
        seed,
        threat -> AutoAttack.builder(threat).version(version).seed(seed).build(),
        Objectives::margin);
  }

  private static EvaluationAttack climbing(
      String name,
      String settings,
      long seed,
      Function<ThreatModel, ImageAttack> attack,
      ObjectiveFactory objective) {
    return EvaluationAttack.of(name, settings + ", seed " + seed, attack, objective);
  }

  /** Reports and journals have always had this word for steps; another would be other settings. */
  private static String iterations(int steps) {
    return steps + (steps == 1 ? " iteration" : " iterations");
  }

  private static String times(int restarts) {
    return restarts == 1 ? "" : ", " + restarts + " restarts";
  }
}
