package dev.fare.evaluation.audit;

import ai.djl.ndarray.NDArray;
import dev.fare.Norm;
import dev.fare.ThreatModel;
import dev.fare.torch.Host;

/**
 * Images as files hold them: 256 levels a value. An attack finds values in between, so what it
 * found has to be looked at again after rounding.
 */
public final class EightBit {

  private static final float LEVELS = 255;

  /** Float32 differences of levels round: a hair more is no cheating. */
  private static final double TOLERANCE = 1e-6;

  private EightBit() {}

  /**
   * Rounds attacked images to the nearest level; in l∞, where that would leave the ball, to the
   * next one towards the clean image. In l2 and l1 the nearest may lie a little outside, or be the
   * clean image itself.
   *
   * @param attacked {@code [N,3,H,W]} float32 in [0,1]
   * @param clean the same shape, on levels
   * @return the same shape, owned by the manager of {@code attacked}
   */
  public static NDArray round(NDArray attacked, NDArray clean, ThreatModel threatModel) {
    float[] values = Host.floats(attacked);
    float[] before = Host.floats(clean);
    for (int i = 0; i < values.length; i++) {
      float level = Math.round(values[i] * LEVELS);
      if (threatModel.norm() == Norm.LINF) {
        double change = level / LEVELS - before[i];
        if (Math.abs(change) > threatModel.epsilon() + TOLERANCE) {
          level -= Math.signum((float) change);
        }
      }
      values[i] = Math.max(0, Math.min(LEVELS, level)) / LEVELS;
    }
    return attacked.getManager().create(values, attacked.getShape());
  }
}
