package dev.fare.evaluation;

/** Hears how far an evaluation is. */
@FunctionalInterface
public interface EvaluationListener {

  /** Called after every batch, one call at a time, on the thread that worked on it. */
  void progressed(EvaluationProgress progress);
}
