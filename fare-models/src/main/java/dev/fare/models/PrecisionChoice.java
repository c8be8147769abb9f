package dev.fare.models;

import ai.djl.Device;
import dev.fare.Precision;
import dev.fare.torch.Bfloat16;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What {@link Precision#AUTO} means on a device: bfloat16 where {@link Bfloat16} is fast. */
final class PrecisionChoice {

  private static final Logger log = LoggerFactory.getLogger(PrecisionChoice.class);

  private PrecisionChoice() {}

  /** Resolves AUTO, and says so. */
  static Precision of(Precision asked, Device device) {
    if (asked == Precision.AUTO) {
      Precision chosen = Bfloat16.isFast(device) ? Precision.BFLOAT16 : Precision.FLOAT32;
      log.info("precision AUTO is {} on {}", chosen, device);
      return chosen;
    }
    if (asked == Precision.BFLOAT16 && !Bfloat16.isFast(device)) {
      log.info("{} has no matrix units for bfloat16: FLOAT32 may be faster", device);
    }
    return asked;
  }
}
