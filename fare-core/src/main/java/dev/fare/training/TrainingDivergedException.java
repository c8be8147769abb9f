package dev.fare.training;

import static java.util.stream.Collectors.joining;

import dev.fare.training.checkpoint.RunProgress.Update;
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
            + "; before it "
            + told(before)
            + ". The weights are those before this step. A lower learning rate, a longer warm-up or"
            + " gradientClip may help, and allowChangedSettings(true) lets a run with checkpoints go on"
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
        Arrays.stream(images).limit(NAMED).mapToObj(String::valueOf).collect(joining(", "));
    int more = images.length - NAMED;
    return ", images [" + first + (more > 0 ? " and " + more + " more]" : "]");
  }

  private static String told(List<Update> before) {
    return before.isEmpty()
        ? "there was none"
        : before.stream().map(Update::toString).collect(joining(", "));
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
