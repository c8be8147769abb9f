package dev.fare.evaluation.guard;

import ai.djl.ndarray.NDArray;
import dev.fare.SelectableObjective;

/** An {@link Evasion} of an objective that can be narrowed to some of its images. */
final class SelectableEvasion extends Evasion implements SelectableObjective {

  private final SelectableObjective objective;

  SelectableEvasion(InputGuard guard, SelectableObjective objective, double weight) {
    super(guard, objective, weight);
    this.objective = objective;
  }

  @Override
  public SelectableObjective select(NDArray rows) {
    return new SelectableEvasion(guard, objective.select(rows), weight);
  }
}
