package dev.fare.training;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Notices when a step's numbers went wrong, before they reach the weights. */
final class DivergenceGuard {

  private static final int MOST_IN_A_ROW = 10;

  private final DivergencePolicy policy;
  private final double lossLimit;
  private final RunRecord record;

  DivergenceGuard(DivergencePolicy policy, double lossLimit, RunRecord record) {
    this.policy = policy;
    this.lossLimit = lossLimit;
    this.record = record;
  }

  /**
   * Whether the update must be left out.
   *
   * @param update counted from 1
   * @param images of the step in their data set, empty where the host brought them
   * @throws TrainingDivergedException if it must and the policy is to stop
   */
  boolean isDiverged(
      long update, double loss, double gradientNorm, double learningRate, int[] images) {
    if (Double.isFinite(loss) && Double.isFinite(gradientNorm) && loss <= lossLimit) {
      return false;
    }
    String what =
        "loss "
            + loss
            + ", gradient of length "
            + gradientNorm
            + ", learning rate "
            + learningRate
            + (images.length == 0 ? "" : ", images " + Arrays.toString(images));
    if (policy == DivergencePolicy.STOP || record.skippedInARow() + 1 >= MOST_IN_A_ROW) {
      List<StepResult> before = record.lastSteps();
      throw new TrainingDivergedException(
          update,
          before,
          images,
          "step "
              + update
              + " went wrong: "
              + what
              + "; before it "
              + (before.isEmpty() ? "there was none" : describe(before))
              + ". The weights are those before this step. A lower learning rate, a longer warm-up,"
              + " gradientClip, or DivergencePolicy.SKIP may help");
    }
    record.skip(update, what);
    return true;
  }

  private static String describe(List<StepResult> steps) {
    return steps.stream()
        .map(
            each ->
                String.format(
                    Locale.ROOT,
                    "step %d had loss %.4g and gradient %.4g",
                    each.step(),
                    each.loss(),
                    each.gradientNorm()))
        .collect(Collectors.joining(", "));
  }
}
