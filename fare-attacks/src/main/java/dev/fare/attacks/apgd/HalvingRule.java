package dev.fare.attacks.apgd;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.Ball;
import dev.fare.attacks.tensor.Kernels;
import dev.fare.attacks.tensor.LoopTensor;
import dev.fare.torch.TensorScope;
import java.util.List;

/**
 * APGD's rule for l∞ and l2 (Croce &amp; Hein, 2020, section 3.1): a step with momentum, and at
 * each checkpoint half the step size for images whose loss rose too rarely, or whose best loss
 * stood still since a checkpoint at which nothing was halved.
 */
final class HalvingRule implements StepRule {

  private static final double MOMENTUM = 0.75;

  private final ApgdCheckpoints checkpoints;
  private final double rho;
  private final LoopTensor stepSizes; // [N,1,1,1]
  private final LoopTensor rises; // [N] float, since the last checkpoint
  private final LoopTensor lastLosses; // [N]
  private final LoopTensor bestAtCheckpoint; // [N]
  private final LoopTensor halvedLastTime; // [N] boolean
  private int window;

  HalvingRule(
      int steps,
      ApgdCheckpoints.Shares shares,
      double rho,
      double initialStepSize,
      NDArray startLosses,
      NDManager owner,
      TensorScope scope) {
    this.checkpoints = ApgdCheckpoints.of(shares, steps);
    this.rho = rho;
    window = checkpoints.first();
    NDManager manager = scope.manager();
    Shape images = startLosses.getShape();
    NDArray zeros = startLosses.zerosLike();
    NDArray sizes = manager.full(new Shape(images.get(0), 1, 1, 1), (float) initialStepSize);
    stepSizes = new LoopTensor(sizes, owner, scope);
    rises = new LoopTensor(zeros, owner, scope);
    // the original compares the first loss with the last row of a table of zeros, not with the
    // start's loss; with a single step that row is the first loss itself
    NDArray before = steps == 1 ? manager.full(images, Float.POSITIVE_INFINITY) : zeros;
    lastLosses = new LoopTensor(before, owner, scope);
    bestAtCheckpoint = new LoopTensor(startLosses, owner, scope);
    NDArray all = manager.ones(images, DataType.BOOLEAN);
    halvedLastTime = new LoopTensor(all, owner, scope);
  }

  @Override
  public int window() {
    return window;
  }

  @Override
  public NDArray advance(
      Ball ball, NDArray images, NDArray previous, NDArray gradient, boolean first) {
    NDArray direction = ball.threatModel().normalize(gradient);
    NDArray target = ball.project(Kernels.ascend(images, direction, stepSizes.get()));
    return first
        ? ball.project(target)
        : ball.project(Kernels.momentum(images, target, previous, MOMENTUM));
  }

  @Override
  public void observe(NDArray losses, TensorScope step) {
    NDArray rose = losses.gt(lastLosses.get()).toType(DataType.FLOAT32, false);
    rises.set(rises.get().add(rose), step);
    lastLosses.set(losses, step);
  }

  @Override
  public NDArray adapt(Ball ball, NDArray bestImages, NDArray bestLosses, TensorScope step) {
    NDArray sizes = stepSizes.get();
    NDList halved =
        StepRule.Script.MODULE.callAll(
            "halve",
            new double[] {window * rho},
            sizes,
            rises.get(),
            halvedLastTime.get(),
            bestAtCheckpoint.get(),
            bestLosses);
    NDArray halve = halved.get(0);
    stepSizes.set(halved.get(1), step);
    halvedLastTime.set(halve, step);
    bestAtCheckpoint.set(bestLosses, step);
    rises.set(bestLosses.zerosLike(), step);
    window = checkpoints.next(window);
    return halve;
  }

  @Override
  public NDArray stepSizes() {
    return stepSizes.get();
  }

  @Override
  public List<LoopTensor> state() {
    return List.of(stepSizes, rises, lastLosses, bestAtCheckpoint, halvedLastTime);
  }
}
