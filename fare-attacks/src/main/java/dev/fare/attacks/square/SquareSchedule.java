package dev.fare.attacks.square;

/**
 * How large the squares are.
 *
 * @param queries how many there will be
 * @param pInit of the pixels that the first squares cover
 * @param rescale whether thresholds are shares of the queries instead of fixed numbers
 */
public record SquareSchedule(int queries, double pInit, boolean rescale) {

  private static final int[] THRESHOLDS = {10, 50, 200, 500, 1_000, 2_000, 4_000, 6_000, 8_000};

  /** The share of pixels that a square covers, halved at each threshold. */
  public double share(int query) {
    int reached = rescale ? (int) ((double) query / queries * 10_000) : query;
    int halvings = 0;
    for (int threshold : THRESHOLDS) {
      if (reached > threshold) {
        halvings++;
      }
    }
    return pInit / (1 << halvings);
  }

  /** The side of a square in an image of this size, for l∞. */
  int side(int query, int height, int width) {
    int side = (int) Math.rint(Math.sqrt(share(query) * height * width));
    return Math.min(Math.max(side, 1), Math.min(height, width));
  }

  /** The side of a window, odd and at least 3 where the image allows it, for l2 and l1. */
  int window(int query, int height, int width) {
    int side = Math.max((int) Math.rint(Math.sqrt(share(query) * height * width)), 3);
    side += side % 2 == 0 ? 1 : 0;
    return Math.min(side, Math.min(height, width));
  }
}
