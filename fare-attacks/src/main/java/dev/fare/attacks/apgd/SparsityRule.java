package dev.fare.attacks.apgd;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.Ball;
import dev.fare.attacks.tensor.Kernels;
import dev.fare.attacks.tensor.LoopTensor;
import dev.fare.torch.TensorScope;
import java.util.List;

/**
 * APGD's rule for l1 (Croce &amp; Hein, 2021): sparse steps without momentum, whose sparsity
 * follows that of the best perturbation; the step size starts again where the perturbation became
 * sparser by 5 %, and shrinks otherwise.
 */
final class SparsityRule implements StepRule {

  private final int window;
  private final double initialStepSize;
  private final LoopTensor stepSizes; // [N,1,1,1]
  private final LoopTensor fractions; // [N], of the coordinates that a step moves
  private final LoopTensor nonZeros; // [N] float, of the best perturbation at the last checkpoint

  /**
   * A rule at its start.
   *
   * @param nonZeros {@code [N]} float: how many coordinates the start is taken to differ in
   * @param fractions {@code [N]}: which share of the coordinates the first steps move
   */
  SparsityRule(
      int steps,
      double initialStepSize,
      NDArray nonZeros,
      NDArray fractions,
      NDManager owner,
      TensorScope scope) {
    this.initialStepSize = initialStepSize;
    window = Math.max((int) (0.04 * steps), 1);
    long images = nonZeros.getShape().get(0);
    NDArray sizes = scope.manager().full(new Shape(images, 1, 1, 1), (float) initialStepSize);
    stepSizes = new LoopTensor(sizes, owner, scope);
    this.nonZeros = new LoopTensor(nonZeros, owner, scope);
    this.fractions = new LoopTensor(fractions, owner, scope);
  }

  /** How many coordinates each perturbation has, {@code [N]} float. */
  static NDArray nonZeros(NDArray images, Ball ball) {
    return Kernels.differing(images, ball.center());
  }

  /** The share of coordinates that the next steps move, given how many the best one has. */
  static NDArray fractions(NDArray nonZeros, NDArray images) {
    long pixels = images.size() / images.getShape().get(0);
    return Script.MODULE.call("shares", new double[] {pixels}, nonZeros);
  }

  @Override
  public int window() {
    return window;
  }

  @Override
  public NDArray advance(
      Ball ball, NDArray images, NDArray previous, NDArray gradient, boolean first) {
    return ball.project(Kernels.ascendSparsely(images, gradient, fractions.get(), stepSizes.get()));
  }

  @Override
  public void observe(NDArray losses, TensorScope step) {}

  @Override
  public NDArray adapt(Ball ball, NDArray bestImages, NDArray bestLosses, TensorScope step) {
    NDArray now = nonZeros(bestImages, ball);
    NDList next =
        Script.MODULE.callAll(
            "sparser", new double[] {initialStepSize}, stepSizes.get(), now, nonZeros.get());
    stepSizes.set(next.get(1), step);
    fractions.set(fractions(now, bestImages), step);
    nonZeros.set(now, step);
    return next.get(0);
  }

  @Override
  public NDArray stepSizes() {
    return stepSizes.get();
  }

  /** The share of coordinates that a step moves, {@code [N]}. */
  NDArray fractions() {
    return fractions.get();
  }

  @Override
  public List<LoopTensor> state() {
    return List.of(stepSizes, fractions, nonZeros);
  }
}
