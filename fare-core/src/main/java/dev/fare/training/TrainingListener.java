package dev.fare.training;

import java.util.Map;

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

  /**
   * The encoder was measured between two updates.
   *
   * @param step updates made so far
   * @param values by name
   */
  default void onValidation(long step, Map<String, Double> values) {}

  /** The run has ended, by reaching its number of steps or by being cancelled or stopped early. */
  default void onEnd(TrainingSummary summary) {}

  /**
   * Nothing more comes for now: {@code fit} ends, by an exception too, or the trainer is closed.
   * Here a listener closes what it has opened. It may be called again, and a run may start again.
   */
  default void onClose() {}
}
