package dev.fare.training;

/** Hears how a training run goes; called on the thread that trains. */
public interface TrainingListener {

  /**
   * A run begins.
   *
   * @param settings what it was asked to do
   * @param firstStep updates made before, above 0 where a run goes on
   */
  default void onStart(TrainingSettings settings, long firstStep) {}

  /** An update was made. */
  default void onStep(StepResult result) {}

  /** The run has ended, by reaching its number of steps or by being cancelled. */
  default void onEnd(TrainingSummary summary) {}
}
