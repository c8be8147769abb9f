package dev.fare.evaluation;

import dev.fare.Norm;
import dev.fare.ThreatModel;
import java.util.List;
import java.util.Locale;

/**
 * A model under one threat model.
 *
 * @param threatModel what the attacker may do
 * @param robust images that no attack changed: the worst case over the attacks
 * @param byClass the same for each class that has images
 * @param attacks each attack for itself
 */
public record ThreatResult(
    ThreatModel threatModel,
    Accuracy robust,
    List<ClassAccuracy> byClass,
    List<AttackOutcome> attacks) {

  /** Copies the lists. */
  public ThreatResult {
    byClass = List.copyOf(byClass);
    attacks = List.copyOf(attacks);
  }

  /** The threat model as people write it, such as {@code l∞ 4/255} or {@code l2 0.5}. */
  public String label() {
    return label(threatModel);
  }

  /** A threat model as people write it, such as {@code l∞ 4/255} or {@code l2 0.5}. */
  public static String label(ThreatModel threatModel) {
    String norm =
        switch (threatModel.norm()) {
          case LINF -> "l∞";
          case L2 -> "l2";
          case L1 -> "l1";
        };
    return norm + " " + epsilonLabel(threatModel);
  }

  /** The radius as people write it: in 255ths for l∞ where it is a round number of them. */
  public static String epsilonLabel(ThreatModel threatModel) {
    double steps = threatModel.epsilon() * 255;
    boolean round = Math.abs(steps * 4 - Math.rint(steps * 4)) < 1e-6;
    return threatModel.norm() == Norm.LINF && round
        ? shortest(Math.rint(steps * 4) / 4) + "/255"
        : shortest(threatModel.epsilon());
  }

  private static String shortest(double value) {
    return value == Math.rint(value)
        ? Long.toString((long) value)
        : String.format(Locale.ROOT, "%.4g", value).replaceAll("0+$", "");
  }
}
