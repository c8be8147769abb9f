package dev.fare.evaluation.guard;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import dev.fare.Objective;
import dev.fare.torch.Autograd;

/** An objective that also keeps an {@link InputGuard} quiet. */
class Evasion implements Objective {

  final InputGuard guard;
  final double weight;
  private final Objective objective;

  /** The shape of one image's outputs of the inner objective, known after the first pass. */
  private volatile Shape outputShape = new Shape();

  Evasion(InputGuard guard, Objective objective, double weight) {
    this.guard = guard;
    this.objective = objective;
    this.weight = weight;
  }

  /** The inner outputs, flat, with the score behind them: {@code [N, M+1]}. */
  @Override
  public NDArray forward(NDArray pixels) {
    NDArray outputs = objective.forward(pixels);
    outputShape = outputs.getShape().slice(1);
    NDArray scores = guard.scores(pixels).reshape(-1, 1);
    return outputs.reshape(outputs.getShape().get(0), -1).concat(scores, 1);
  }

  @Override
  public NDArray losses(NDArray outputs) {
    NDArray excess = Activation.relu(scores(outputs).sub(guard.threshold()));
    return objective.losses(inner(outputs)).sub(Autograd.scaled(excess, weight));
  }

  @Override
  public NDArray succeeded(NDArray outputs) {
    return objective.succeeded(inner(outputs)).logicalAnd(scores(outputs).lte(guard.threshold()));
  }

  private static NDArray scores(NDArray outputs) {
    return outputs.get(":, -1");
  }

  private NDArray inner(NDArray outputs) {
    NDArray flat = outputs.get(":, :-1");
    return flat.reshape(new Shape(flat.getShape().get(0)).addAll(outputShape));
  }
}
