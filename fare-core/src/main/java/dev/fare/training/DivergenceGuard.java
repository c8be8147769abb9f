package dev.fare.training;

/** Notices when a step's numbers went wrong, before they reach the weights. */
final class DivergenceGuard {

  private static final int MOST_IN_A_ROW = 10;

  private final DivergencePolicy policy;
  private final double lossLimit;
  private final RunState record;

  DivergenceGuard(DivergencePolicy policy, double lossLimit, RunState record) {
    this.policy = policy;
    this.lossLimit = lossLimit;
    this.record = record;
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
      return false;
    }
    String what =
        "loss " + loss + ", gradient of length " + gradientNorm + ", learning rate " + learningRate;
    if (policy == DivergencePolicy.STOP || record.skippedInARow() + 1 >= MOST_IN_A_ROW) {
      throw new TrainingDivergedException(update, what, record.lastUpdates(), images);
    }
    record.skip(update, what);
    return true;
  }
}
