package dev.fare.examples.emoji;

/**
 * Pictures and their classes. The arrays are the receiver's: nothing else keeps or changes them.
 */
public final class EmojiBatch {
  private final float[] images;
  private final int[] labels;

  EmojiBatch(float[] images, int[] labels) {
    this.images = images;
    this.labels = labels;
  }

  /** Float32 RGB in [0,1], plane by plane, [N, 3, canvas, canvas]. */
  public float[] images() {
    return images;
  }

  /** The concept's index of each picture, [N]. */
  public int[] labels() {
    return labels;
  }

  /** N, the number of pictures. */
  public int size() {
    return labels.length;
  }
}
