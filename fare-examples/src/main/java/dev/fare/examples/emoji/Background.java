package dev.fare.examples.emoji;

/** The colour at each point of the unit square. */
@FunctionalInterface
interface Background {
  /** Writes the colour at (x, y), both in [0,1], into {@code rgb}. */
  void colour(float x, float y, float[] rgb);
}
