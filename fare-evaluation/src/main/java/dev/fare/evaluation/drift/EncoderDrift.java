package dev.fare.evaluation.drift;

import java.util.List;

/**
 * How far one encoder is from the reference.
 *
 * @param encoder the encoder's name
 * @param clean on clean images: what fine-tuning has changed; none for the reference itself
 * @param attacked under each threat model and attack
 */
public record EncoderDrift(String encoder, Drift clean, List<ThreatDrift> attacked) {

  /** Copies the list. */
  public EncoderDrift {
    attacked = List.copyOf(attacked);
  }
}
