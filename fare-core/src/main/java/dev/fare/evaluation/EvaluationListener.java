package dev.fare.evaluation;

/** Hears how far an evaluation is. */
@FunctionalInterface
public interface EvaluationListener {

  /** Called after every batch, on the evaluating thread. */
  void progressed(EvaluationProgress progress);
}
