package dev.fare.evaluation;

import dev.fare.ThreatModel;
import dev.fare.evaluation.statistics.Accuracy;
import dev.fare.evaluation.statistics.ClassAccuracy;
import java.util.List;

/**
 * One model on one data set.
 *
 * @param model the model's name
 * @param clean accuracy without an attack
 * @param cleanByClass the same for each class that has images
 * @param cleanPredictions the class of each image; −1 where the logits were not finite
 * @param threats the model under each threat model, small radii first
 * @param seconds wall-clock time of the clean pass
 */
public record ModelResult(
    String model,
    Accuracy clean,
    List<ClassAccuracy> cleanByClass,
    List<Integer> cleanPredictions,
    List<ThreatResult> threats,
    double seconds) {

  /** Copies the lists. */
  public ModelResult {
    cleanByClass = List.copyOf(cleanByClass);
    cleanPredictions = List.copyOf(cleanPredictions);
    threats = List.copyOf(threats);
  }

  /**
   * The worst case over the attacks under a threat model.
   *
   * @throws IllegalArgumentException if it was not part of the evaluation
   */
  public ThreatResult under(ThreatModel threatModel) {
    return threats.stream()
        .filter(threat -> threat.threatModel().equals(threatModel))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "there is no result for %s; there are results for %s"
                        .formatted(
                            threatModel.label(),
                            threats.stream().map(ThreatResult::label).toList())));
  }
}
