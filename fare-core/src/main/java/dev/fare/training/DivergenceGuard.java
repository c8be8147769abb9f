package dev.fare.training;

/** Notices when a step's numbers went wrong, before they reach the weights. */
final class DivergenceGuard {

  private static final int MOST_IN_A_ROW = 10;

  private final DivergencePolicy policy;
  private final double lossLimit;
  private final RunState run;
  private int skippedInARow;

  DivergenceGuard(TrainingSettings settings, RunState run) {
    policy = settings.divergencePolicy();
    lossLimit = settings.lossLimit();
    this.run = run;
  }

  /**
   * Whether the update must be left out.
   *
   * @param update counted from 1
   * @param images of the batch by their numbers in the data, empty where the host brought it
   * @throws TrainingDivergedException if it must and the policy is to stop
   */
  boolean isDiverged(
      long update, double loss, double gradientNorm, double learningRate, int[] images) {
    if (Double.isFinite(loss) && Double.isFinite(gradientNorm) && loss <= lossLimit) {
      skippedInARow = 0;
      return false;
    }
    String what =
        "loss " + loss + ", gradient of length " + gradientNorm + ", learning rate " + learningRate;
    if (policy == DivergencePolicy.STOP || skippedInARow + 1 >= MOST_IN_A_ROW) {
      throw new TrainingDivergedException(update, what, run.lastUpdates(), images);
    }
    skip(update, what);
    return true;
  }

  /** Counts an update that is left out. */
  void skip(long update, String reason) {
    skippedInARow++;
    run.skip(update, reason);
  }

  /** Updates left out just before, for a checkpoint. */
  int skippedInARow() {
    return skippedInARow;
  }

  /** Goes on where a checkpoint was written. */
  void restore(int skipped) {
    skippedInARow = skipped;
  }
}
