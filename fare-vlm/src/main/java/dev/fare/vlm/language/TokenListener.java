package dev.fare.vlm.language;

/** Sees tokens as they are chosen, and may end a text. */
@FunctionalInterface
public interface TokenListener {

  /** Lets every text go on to its end. */
  TokenListener NONE = (row, token) -> true;

  /**
   * A token was chosen that does not end its text.
   *
   * @param row of the batch
   * @return whether this row goes on
   */
  boolean goesOnAfter(int row, long token);
}
