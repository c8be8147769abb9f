package dev.fare.evaluation.vlm;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What untargeted attacks did to the answers about pictures.
 *
 * @param outcomes one for each sample, in the task's order
 */
public record UntargetedReport(List<Outcome> outcomes) {

  /**
   * What became of a picture.
   *
   * @param id the sample's
   * @param clean the score of the answer to the clean picture
   * @param worst the lowest score of all
   * @param answer the answer of that score
   * @param stage after which attack that was, from 1; 0 is the clean picture
   */
  public record Outcome(String id, double clean, double worst, String answer, int stage) {}

  /** Copies the list. */
  public UntargetedReport {
    outcomes = List.copyOf(outcomes);
  }

  /** The mean score of answers to clean pictures. */
  public double cleanScore() {
    return mean(Outcome::clean);
  }

  /** The mean of each picture's lowest score. */
  public double robustScore() {
    return mean(Outcome::worst);
  }

  private double mean(ToDoubleFunction<Outcome> score) {
    return outcomes.stream().mapToDouble(score).average().orElse(0);
  }
}
