package dev.fare.evaluation;

import dev.fare.ThreatModel;
import dev.fare.evaluation.statistics.Accuracy;
import dev.fare.evaluation.statistics.ClassAccuracy;
import java.util.List;

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
    return threatModel.label();
  }
}
