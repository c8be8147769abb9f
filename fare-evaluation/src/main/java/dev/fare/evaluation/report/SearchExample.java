package dev.fare.evaluation.report;

import dev.fare.evaluation.Picture;
import java.util.List;

/**
 * An image search before and after an attack on the query.
 *
 * @param queryName what the query shows
 * @param attack what was done to it, such as {@code PGD at l∞ 4/255}
 * @param query the clean query
 * @param results each encoder's hits
 */
public record SearchExample(
    String queryName, String attack, Picture query, List<SearchResult> results) {

  /** Copies the list. */
  public SearchExample {
    results = List.copyOf(results);
  }
}
