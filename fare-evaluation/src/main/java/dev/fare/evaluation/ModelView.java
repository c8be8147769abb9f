package dev.fare.evaluation;

import java.util.List;

/**
 * How one model sees a picture before and after the attack.
 *
 * @param model the model's name
 * @param clean its most probable classes of the clean picture, best first
 * @param adversarial the same of the attacked picture
 */
public record ModelView(String model, List<Prediction> clean, List<Prediction> adversarial) {

  /** Copies the lists. */
  public ModelView {
    clean = List.copyOf(clean);
    adversarial = List.copyOf(adversarial);
  }
}
