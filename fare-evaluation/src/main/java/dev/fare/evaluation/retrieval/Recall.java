package dev.fare.evaluation.retrieval;

import static com.google.common.base.Preconditions.checkArgument;

import dev.fare.evaluation.statistics.Accuracy;
import java.util.List;

/**
 * How often the right one is among the first k that a search finds, for some k.
 *
 * @param atK one entry for each k, ascending
 */
public record Recall(List<AtK> atK) {

  /**
   * Recall at one k.
   *
   * @param k how many hits are looked at
   * @param share queries that find a right one among them
   */
  public record AtK(int k, Accuracy share) {}

  /** Copies the list. */
  public Recall {
    atK = List.copyOf(atK);
  }

  /**
   * Counts ranks.
   *
   * @param ranks of the best right answer to each query, from 1
   */
  public static Recall of(int[] ranks, List<Integer> ks) {
    return new Recall(
        ks.stream()
            .map(
                k -> {
                  int found = 0;
                  for (int rank : ranks) {
                    found += rank <= k ? 1 : 0;
                  }
                  return new AtK(k, new Accuracy(found, ranks.length));
                })
            .toList());
  }

  /**
   * The recall at one k.
   *
   * @throws IllegalArgumentException if it was not counted for that k
   */
  public Accuracy at(int k) {
    checkArgument(
        atK.stream().anyMatch(entry -> entry.k() == k),
        "recall was counted at %s, not at %s",
        atK.stream().map(AtK::k).toList(),
        k);
    return atK.stream().filter(entry -> entry.k() == k).findFirst().orElseThrow().share();
  }
}
