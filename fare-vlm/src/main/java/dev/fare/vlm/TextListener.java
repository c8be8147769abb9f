package dev.fare.vlm;

/** Gets answers piece by piece as they are written. */
@FunctionalInterface
public interface TextListener {

  /** Hears nothing. */
  TextListener NONE = (row, piece) -> {};

  /**
   * An answer has grown.
   *
   * @param row of the batch
   * @param piece what comes next; all pieces of a row are its answer
   */
  void write(int row, String piece);
}
