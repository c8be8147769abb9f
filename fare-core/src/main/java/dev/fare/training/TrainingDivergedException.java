package dev.fare.training;

import dev.fare.training.RunMemory.Update;
import java.util.Arrays;
import java.util.List;

/** A run whose numbers went wrong; the weights are those before the step that did. */
public final class TrainingDivergedException extends RuntimeException {

  private static final long serialVersionUID = 1L;
  private static final int NAMED = 8;

  private final long step;
  private final double[] losses;
  private final double[] gradientNorms;
  private final int[] images;

  TrainingDivergedException(long step, String what, List<Update> before, int[] images) {
    super(
        "step "
            + step
            + " went wrong: "
            + what
            + named(images)
            + ". The losses before were "
            + before.stream().map(Update::loss).toList()
            + " and the gradients' lengths "
            + before.stream().map(Update::gradientNorm).toList()
            + ". The weights are those before this step. A lower learning rate, a longer warm-up or"
            + " gradientClip may help, and allowChangedSettings() lets a run with checkpoints go on"
            + " with them; so may DivergencePolicy.SKIP");
    this.step = step;
    losses = before.stream().mapToDouble(Update::loss).toArray();
    gradientNorms = before.stream().mapToDouble(Update::gradientNorm).toArray();
    this.images = images.clone();
  }

  private static String named(int[] images) {
    if (images.length == 0) {
      return "";
    }
    String first =
        Arrays.stream(images).limit(NAMED).boxed().toList().toString().replaceAll("[\\[\\]]", "");
    return ", images "
        + first
        + (images.length > NAMED ? " and " + (images.length - NAMED) + " more" : "");
  }

  /** The update, counted from 1, that was not made. */
  public long step() {
    return step;
  }

  /** The losses of the last few updates that were made, the newest last. */
  public double[] lossesBefore() {
    return losses.clone();
  }

  /** The lengths of their gradients before clipping. */
  public double[] gradientNormsBefore() {
    return gradientNorms.clone();
  }

  /** Which images of the data the step was to be made on; empty where the host brought them. */
  public int[] images() {
    return images.clone();
  }
}
