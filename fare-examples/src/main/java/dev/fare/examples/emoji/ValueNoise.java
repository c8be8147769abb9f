package dev.fare.examples.emoji;

/** Smooth random values in [0,1] over the unit square, interpolated from a grid of random ones. */
final class ValueNoise {
  private final int cells;
  private final float[] grid;

  ValueNoise(SceneRandom random, int cells) {
    this.cells = cells;
    grid = new float[(cells + 1) * (cells + 1)];
    for (int i = 0; i < grid.length; i++) {
      grid[i] = random.nextFloat();
    }
  }

  /** The value at (x, y), both in [0,1]. */
  float at(float x, float y) {
    int column = Math.min(cells - 1, (int) (x * cells));
    int row = Math.min(cells - 1, (int) (y * cells));
    float right = smooth(x * cells - column);
    float down = smooth(y * cells - row);
    int at = row * (cells + 1) + column;
    float top = grid[at] + (grid[at + 1] - grid[at]) * right;
    float bottom = grid[at + cells + 1] + (grid[at + cells + 2] - grid[at + cells + 1]) * right;
    return top + (bottom - top) * down;
  }

  private static float smooth(float t) {
    return t * t * (3 - 2 * t);
  }
}
