package dev.fare.evaluation.retrieval;

import dev.fare.ThreatModel;
import java.util.List;

/**
 * How one encoder retrieves.
 *
 * @param encoder the encoder's name
 * @param clean without an attack
 * @param attacked with attacked images, for each threat model and attack
 */
public record RetrievalResult(String encoder, Directions clean, List<Attacked> attacked) {

  /**
   * Recall both ways.
   *
   * @param imageToText an image is the query, its texts are right
   * @param textToImage a text is the query, its image is right
   */
  public record Directions(Recall imageToText, Recall textToImage) {}

  /**
   * Recall under one attack. In both directions the images are the attacked ones.
   *
   * @param threatModel what the attacker may do to each image
   * @param attack the attack's name
   * @param recall both ways
   */
  public record Attacked(ThreatModel threatModel, String attack, Directions recall) {}

  /** Copies the list. */
  public RetrievalResult {
    attacked = List.copyOf(attacked);
  }
}
