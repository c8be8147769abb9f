package dev.fare;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/**
 * What one call of an attack is told beyond the objective and the images. What is null is left to
 * the attack.
 *
 * @param start images of the shape of the pixels, used as given
 * @param imageIds each image's number in a larger set, one per row of the pixels, which its random
 *     draws follow from; without them the rows count from 0
 * @param seed of the random draws, instead of the attack's own
 * @param control what can end this call early, instead of the attack's own
 */
@SuppressWarnings("ArrayRecordComponent") // handed through, never compared
public record AttackOptions(
    @Nullable NDArray start,
    long @Nullable [] imageIds,
    @Nullable Long seed,
    @Nullable AttackControl control) {

  private static final AttackOptions NONE = new AttackOptions(null, null, null, null);

  /** Everything is left to the attack. */
  public static AttackOptions none() {
    return NONE;
  }

  /** The same from a given start. */
  public AttackOptions withStart(NDArray images) {
    return new AttackOptions(requireNonNull(images, "start"), imageIds, seed, control);
  }

  /** The same for images of these numbers. */
  public AttackOptions withImageIds(long... ids) {
    return new AttackOptions(start, ids.clone(), seed, control);
  }

  /** The same with another seed; adversarial training takes a fresh one each step. */
  public AttackOptions withSeed(long other) {
    return new AttackOptions(start, imageIds, other, control);
  }

  /** The same with other limits. */
  public AttackOptions withControl(AttackControl limits) {
    return new AttackOptions(start, imageIds, seed, requireNonNull(limits, "control"));
  }
}
