package dev.fare.evaluation.drift;

import dev.fare.AttackResult;
import dev.fare.ImageEncoder;
import dev.fare.ThreatModel;

/** A whole attack on an encoder, for any threat model. */
@FunctionalInterface
public interface EncoderAttackStrategy {

  /** Attacks a batch; the result must be inside the threat model, which is checked. */
  AttackResult attack(ThreatModel threatModel, ImageEncoder encoder, EncoderBatch batch);
}
