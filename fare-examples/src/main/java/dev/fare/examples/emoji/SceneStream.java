package dev.fare.examples.emoji;

/**
 * An endless sequence of scenes. Scene {@code index} of a stream is always the same picture.
 *
 * @param family how the scenes are made
 * @param seed the run's seed
 * @param purpose what the scenes are for, such as {@code "test A"}; streams of different purposes
 *     are unrelated
 */
public record SceneStream(SceneFamily family, long seed, String purpose) {
  SceneRandom random(long index) {
    return new SceneRandom(seed, family + "/" + purpose, index);
  }
}
