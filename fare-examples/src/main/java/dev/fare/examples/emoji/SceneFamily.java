package dev.fare.examples.emoji;

/** How scenes are made: the two families share no kind of background. */
public enum SceneFamily {
  /**
   * Strong augmentation of geometry, colour and sharpness, so that the two drawing styles overlap.
   */
  TRAINING,
  /** Artwork in its own colours, turned, scaled and placed on other kinds of backgrounds. */
  TEST
}
