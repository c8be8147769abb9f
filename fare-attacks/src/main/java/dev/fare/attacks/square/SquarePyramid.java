package dev.fare.attacks.square;

import dev.fare.Norm;

/** The Square attack's pattern for l2 and l1: two pyramids side by side, one up and one down. */
final class SquarePyramid {

  private SquarePyramid() {}

  /**
   * Both halves, of unit length in the norm.
   *
   * @param side of the square
   * @param isTurned whether the halves lie side by side instead of one above the other
   * @return {@code [side*side]}, row by row
   */
  static float[] twin(int side, Norm norm, boolean isTurned) {
    double[] pattern = new double[side * side];
    int half = side / 2;
    add(pattern, side, 0, half, 1, norm);
    add(pattern, side, half, side - half, -1, norm);
    double length = 0;
    for (double value : pattern) {
      length += norm == Norm.L2 ? value * value : Math.abs(value);
    }
    length = norm == Norm.L2 ? Math.sqrt(length) : length;
    float[] scaled = new float[side * side];
    for (int i = 0; i < scaled.length; i++) {
      int source = isTurned ? i % side * side + i / side : i;
      scaled[i] = (float) (pattern[source] / length);
    }
    return scaled;
  }

  /** Adds a pyramid of unit length in some rows: rings that fall off from the middle. */
  private static void add(double[] pattern, int side, int firstRow, int rows, int sign, Norm norm) {
    if (rows == 0) {
      return;
    }
    double[] pyramid = new double[rows * side];
    int power = norm == Norm.L2 ? 2 : 4;
    int middleRow = rows / 2;
    int middleColumn = side / 2;
    int rings = Math.max(middleRow, middleColumn) + 1;
    for (int ring = 0; ring < rings; ring++) {
      int bottom = Math.min(middleRow - ring + 2 * ring + 1, rows);
      int right = Math.min(middleColumn - ring + 2 * ring + 1, side);
      for (int y = Math.max(middleRow - ring, 0); y < bottom; y++) {
        for (int x = Math.max(middleColumn - ring, 0); x < right; x++) {
          pyramid[y * side + x] += 1 / Math.pow(ring + 1, power);
        }
      }
    }
    double length = 0;
    for (double value : pyramid) {
      length += norm == Norm.L2 ? value * value : value;
    }
    length = norm == Norm.L2 ? Math.sqrt(length) : length;
    for (int i = 0; i < pyramid.length; i++) {
      pattern[firstRow * side + i] = sign * pyramid[i] / length;
    }
  }
}
