package dev.fare.training;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A run whose numbers went wrong; the weights are those before the step that did. */
public final class TrainingDivergedException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final long step;
  private final transient @Nullable List<StepResult> before;
  private final int[] images;

  TrainingDivergedException(long step, List<StepResult> before, int[] images, String message) {
    super(message);
    this.step = step;
    this.before = List.copyOf(before);
    this.images = images.clone();
  }

  /** The update, counted from 1, that was not made. */
  public long step() {
    return step;
  }

  /** The last few updates before it, the oldest first; none in a copy that was serialized. */
  public List<StepResult> before() {
    return before == null ? List.of() : before;
  }

  /** The images of the step by their numbers in the data set; empty where the host brought them. */
  public int[] images() {
    return images.clone();
  }
}
