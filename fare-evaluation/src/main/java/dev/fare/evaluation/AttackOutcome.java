package dev.fare.evaluation;

import dev.fare.AttackCost;
import dev.fare.evaluation.statistics.Accuracy;
import java.util.List;

/**
 * What one attack did to one model.
 *
 * @param attack the attack's name
 * @param robust images that are right and stay right
 * @param attacked images that the attack was run on: those not known to be wrong already
 * @param predictions the class of each image of the data set after the attack; where the model was
 *     wrong before, that class; −1 where the logits were not finite
 * @param cost forward and backward passes that the attack counted, an image at a time
 * @param seconds wall-clock time
 */
public record AttackOutcome(
    String attack,
    Accuracy robust,
    int attacked,
    List<Integer> predictions,
    AttackCost cost,
    double seconds) {

  /** Copies the list. */
  public AttackOutcome {
    predictions = List.copyOf(predictions);
  }
}
