package dev.fare.examples.emoji;

/**
 * Pictures and their classes; the arrays are the receiver's to keep.
 *
 * @param images float32 RGB in [0,1], [N, 3, canvas, canvas]
 * @param labels the concept's index of each picture, [N]
 */
public record EmojiBatch(float[] images, int[] labels) {

  /** N, the number of pictures. */
  public int size() {
    return labels.length;
  }
}
