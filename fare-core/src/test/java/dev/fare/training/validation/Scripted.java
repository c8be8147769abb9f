package dev.fare.training.validation;

import dev.fare.ImageEncoder;
import java.util.Map;

/** Best at the second validation, step 4; by then nothing better for three, at step 10. */
final class Scripted implements Validation {

  private final double[] values = {0.1, 0.5, 0.4, 0.5, 0.3, 0.2};
  private int next;

  Scripted(int next) {
    this.next = next;
  }

  @Override
  public Map<String, Double> measure(ImageEncoder now, ImageEncoder before) {
    return Map.of("score", values[next++]);
  }
}
