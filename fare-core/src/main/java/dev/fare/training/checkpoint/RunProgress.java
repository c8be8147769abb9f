package dev.fare.training.checkpoint;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * What a run has gathered for its summary, as a checkpoint keeps it.
 *
 * @param images trained on
 * @param milliseconds of training
 * @param skippedInARow updates left out just before
 * @param partSize images in memory together after a device ran out of it, 0 if none did
 * @param warnings what was not as asked
 * @param unreadable indices of images that could not be read, ascending
 * @param recent the last updates, the newest last
 */
public record RunProgress(
    long images,
    long milliseconds,
    int skippedInARow,
    int partSize,
    List<String> warnings,
    List<Integer> unreadable,
    List<Update> recent) {

  /** Of a run that has done nothing, and of checkpoints that were written before there was this. */
  static final RunProgress NONE = new RunProgress(0, 0, 0, 0, List.of(), List.of(), List.of());

  /** Gson asks no constructor, and leaves out what is missing. */
  boolean isWhole() {
    return Stream.of(warnings, unreadable, recent)
        .allMatch(list -> list != null && list.stream().noneMatch(Objects::isNull));
  }

  /**
   * What is remembered of an update.
   *
   * @param step counted from 1
   * @param loss the mean over its images
   * @param adversarialCosine the same
   * @param gradientNorm before clipping
   */
  public record Update(long step, double loss, double adversarialCosine, double gradientNorm) {

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT, "step %d had loss %.4g and gradient %.4g", step, loss, gradientNorm);
    }
  }
}
