package dev.fare.training;

/** A run whose numbers went wrong; the weights are those before the step that did. */
public final class TrainingDivergedException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final long step;

  TrainingDivergedException(long step, String message) {
    super(message);
    this.step = step;
  }

  /** The update, counted from 1, that was not made. */
  public long step() {
    return step;
  }
}
