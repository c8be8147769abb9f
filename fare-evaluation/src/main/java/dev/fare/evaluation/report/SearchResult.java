package dev.fare.evaluation.report;

import dev.fare.evaluation.Picture;
import java.util.List;

/**
 * What one encoder finds.
 *
 * @param encoder the encoder's name
 * @param attacked the query after the attack that was made for this encoder
 * @param clean hits for the clean query, best first
 * @param adversarial hits for the attacked query, best first
 */
public record SearchResult(
    String encoder, Picture attacked, List<SearchHit> clean, List<SearchHit> adversarial) {

  /** Copies the lists. */
  public SearchResult {
    clean = List.copyOf(clean);
    adversarial = List.copyOf(adversarial);
  }
}
