package dev.fare.attacks.run;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import dev.fare.AttackResult.Scores;
import org.jspecify.annotations.Nullable;

/**
 * What a search found.
 *
 * @param images {@code [N,C,H,W]}: the successful image where there is one, else the one of highest
 *     loss
 * @param highestLossImages {@code [N,C,H,W]}; the same array where there is only one candidate
 * @param scores losses of the latter and whether the former succeeded, or null if nobody has
 *     evaluated them
 */
public record Found(NDArray images, NDArray highestLossImages, @Nullable Scores scores) {

  /** The scores of a search that evaluates what it finds. */
  public Scores requireScores() {
    return requireNonNull(scores, "this search does not evaluate its last images");
  }
}
