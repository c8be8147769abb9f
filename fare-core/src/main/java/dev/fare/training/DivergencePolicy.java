package dev.fare.training;

/** What happens when a step's loss or gradient is not finite, or its loss exceeds the limit. */
public enum DivergencePolicy {
  /**
   * The run ends with a {@link TrainingDivergedException}, before the weights are touched; with
   * checkpoints, the last one is of the step before.
   */
  STOP,
  /**
   * The update is left out, counted, and the run goes on with the next images; after ten such
   * updates in a row it ends as with {@link #STOP}.
   */
  SKIP
}
