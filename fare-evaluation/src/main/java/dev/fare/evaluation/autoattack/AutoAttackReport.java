package dev.fare.evaluation.autoattack;

import ai.djl.ndarray.NDArray;
import dev.fare.AttackCost;
import dev.fare.AttackResult.StopReason;
import dev.fare.ThreatModel;
import java.util.List;
import java.util.Locale;

/**
 * What an {@link AutoAttackEvaluation} found.
 *
 * @param threatModel what the attacks were allowed
 * @param images {@code [N,C,H,W]}: the adversarial image where one was found, else the clean one;
 *     owned by the manager of the attacked images
 * @param outcomes one for each image
 * @param rows one for each attack, in the order in which they ran
 * @param warnings why the numbers may say less than they seem to
 * @param stopReason whether all attacks ran to their end; if not, the numbers are too high
 */
public record AutoAttackReport(
    ThreatModel threatModel,
    NDArray images,
    List<Outcome> outcomes,
    List<Row> rows,
    List<AutoAttackWarning> warnings,
    StopReason stopReason)
    implements AutoCloseable {

  /**
   * What happened to an image.
   *
   * @param isCorrect whether the clean image is classified correctly
   * @param isRobust whether that holds for all images that the attacks tried
   * @param fooledBy the attack that succeeded first; empty if the image is robust or was wrong
   */
  public record Outcome(boolean isCorrect, boolean isRobust, String fooledBy) {}

  /**
   * One attack's line of the table.
   *
   * @param attack its name
   * @param attacked how many images were still robust before it
   * @param succeeded on how many of them it succeeded
   * @param robustAccuracy after it, in [0,1], of all images
   * @param cost what it spent
   * @param seconds how long it took
   */
  public record Row(
      String attack,
      int attacked,
      int succeeded,
      double robustAccuracy,
      AttackCost cost,
      double seconds) {}

  /** Copies the lists. */
  public AutoAttackReport {
    outcomes = List.copyOf(outcomes);
    rows = List.copyOf(rows);
    warnings = List.copyOf(warnings);
  }

  /** The share of clean images that are classified correctly, in [0,1]. */
  public double cleanAccuracy() {
    return share(outcomes.stream().filter(Outcome::isCorrect).count());
  }

  /** The share of images that no attack has fooled, in [0,1]. */
  public double robustAccuracy() {
    return share(outcomes.stream().filter(Outcome::isRobust).count());
  }

  private double share(long count) {
    return (double) count / outcomes.size();
  }

  /** The table and the warnings as text. */
  public String table() {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%s, epsilon %.5f, %d images%n%-10s %9s %9s %8s %10s %10s %8s%n%-10s %9s %9s %7.2f%%%n",
            threatModel.norm(),
            threatModel.epsilon(),
            outcomes.size(),
            "attack",
            "attacked",
            "succeeded",
            "robust",
            "forwards",
            "backwards",
            "seconds",
            "clean",
            "",
            "",
            100 * cleanAccuracy()));
    for (Row row : rows) {
      text.append(
          String.format(
              Locale.ROOT,
              "%-10s %9d %9d %7.2f%% %10d %10d %8.1f%n",
              row.attack(),
              row.attacked(),
              row.succeeded(),
              100 * row.robustAccuracy(),
              row.cost().forwards(),
              row.cost().backwards(),
              row.seconds()));
    }
    warnings.forEach(warning -> text.append("warning: ").append(warning.message()).append('\n'));
    if (stopReason != StopReason.COMPLETED) {
      text.append("stopped early: ").append(stopReason).append('\n');
    }
    return text.toString();
  }

  /** Frees the images. */
  @Override
  public void close() {
    images.close();
  }
}
