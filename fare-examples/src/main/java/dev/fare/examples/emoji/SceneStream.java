package dev.fare.examples.emoji;

/**
 * An endless sequence of scenes. Scene {@code index} of a stream is always the same picture.
 *
 * @param family how the scenes are made
 * @param seed the run's seed
 * @param purpose what the scenes are for, such as {@code "test A"}; streams of different purposes
 *     are unrelated
 * @param strength of the augmentation of training scenes, from 0 (own colours, no distortion) to 1
 */
public record SceneStream(SceneFamily family, long seed, String purpose, double strength) {

  /**
   * Checks the strength.
   *
   * @throws IllegalArgumentException if it is outside [0,1]
   */
  public SceneStream {
    if (!(strength >= 0 && strength <= 1)) {
      throw new IllegalArgumentException("strength must be in [0, 1], got " + strength);
    }
  }

  /** A stream at full strength. */
  public SceneStream(SceneFamily family, long seed, String purpose) {
    this(family, seed, purpose, 1);
  }

  SceneRandom random(long index) {
    return new SceneRandom(seed, family + "/" + purpose, index);
  }
}
