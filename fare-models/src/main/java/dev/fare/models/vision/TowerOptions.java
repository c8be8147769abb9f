package dev.fare.models.vision;

/**
 * How a tower computes, beside its precision.
 *
 * @param lowLatency whether to keep a second copy of the matrices that lies column by column, for
 *     few images at a time on a CPU; vision transformers alone know it
 * @param deterministic whether gradients on a GPU are summed in a fixed order alone
 */
public record TowerOptions(boolean lowLatency, boolean deterministic) {

  /** The fastest for many images. */
  public static final TowerOptions DEFAULT = new TowerOptions(false, false);
}
