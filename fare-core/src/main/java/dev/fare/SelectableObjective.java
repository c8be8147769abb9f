package dev.fare;

import ai.djl.ndarray.NDArray;

/**
 * An objective that can be narrowed to some of its images, so that an attack goes on with those
 * that are not finished and its cost follows the survivors.
 */
public interface SelectableObjective extends Objective {

  /**
   * This objective for some of its images.
   *
   * @param rows indices {@code [M]} int64 into the images that this objective was made for
   * @return an objective for those M images, in that order; what it allocates belongs to the
   *     manager of {@code rows}
   */
  SelectableObjective select(NDArray rows);
}
