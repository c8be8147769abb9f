package dev.fare.attacks.square;

/** Where an image's random numbers come from. */
public interface SquareSource {
  /**
   * The next numbers, uniform in [0,1).
   *
   * @param row of the batch that was first attacked
   * @param count how many
   */
  float[] next(int row, int count);
}
