package dev.fare.evaluation.drift;

import dev.fare.ThreatModel;

/**
 * An encoder's drift under one attack.
 *
 * @param threatModel what the attacker may do
 * @param attack the attack's name
 * @param drift of the attacked images from the reference embeddings of the clean ones
 */
public record ThreatDrift(ThreatModel threatModel, String attack, Drift drift) {}
