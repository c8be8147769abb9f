package dev.fare.attacks.run;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.fare.AttackControl;
import dev.fare.AttackResult.Scores;
import dev.fare.Ball;
import dev.fare.Norm;
import dev.fare.Objective;
import dev.fare.SelectableObjective;
import dev.fare.ThreatModel;
import dev.fare.attacks.objective.ClassificationObjective;
import dev.fare.attacks.tensor.Kernels;
import dev.fare.attacks.tensor.RandomStreams;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * One attack on one batch: the objective, the allowed images, the random numbers, and the budget.
 * Its manager owns what lives as long as the run.
 */
public final class AttackRun implements AutoCloseable {

  /**
   * The objective and its gradient at some images.
   *
   * @param at the evaluation; the loss is minus infinity where the objective gave NaN
   * @param gradient of the sum of losses, in the shape of the images, finite
   */
  public record ValueAndGradient(Scores at, NDArray gradient) {}

  private final NDManager manager;
  private final Objective objective;
  private final Ball ball;
  private final RandomStreams random;
  private final AttackBudget budget;

  private AttackRun(
      NDManager manager,
      Objective objective,
      Ball ball,
      RandomStreams random,
      AttackBudget budget) {
    this.manager = manager;
    this.objective = objective;
    this.ball = ball;
    this.random = random;
    this.budget = budget;
  }

  public static AttackRun open(
      Objective objective,
      NDArray pixels,
      ThreatModel threatModel,
      RandomStreams random,
      AttackControl control) {
    NDManager manager = pixels.getManager().newSubManager();
    NDArray center = pixels.stopGradient();
    center.attach(manager);
    AttackBudget budget = new AttackBudget(control, manager);
    return new AttackRun(manager, objective, threatModel.around(center), random, budget);
  }

  /** Whether finished images can leave the batch. */
  boolean isSelectable() {
    return objective instanceof SelectableObjective;
  }

  /**
   * The same run for some of its images, on the same budget.
   *
   * @throws IllegalStateException if the objective can't be narrowed
   */
  AttackRun select(long[] rows) {
    if (!(objective instanceof SelectableObjective selectable)) {
      throw new IllegalStateException("the objective can't be narrowed to some of its images");
    }
    NDManager sub = manager.newSubManager();
    NDArray indices = Host.bring(sub, rows);
    Ball balls = ball.select(indices);
    return new AttackRun(sub, selectable.select(indices), balls, random.select(rows), budget);
  }

  /** The same images with a ball of another size, on the same budget. */
  public AttackRun withEpsilon(double epsilon) {
    NDManager sub = manager.newSubManager();
    NDArray center = ball.center().stopGradient();
    center.attach(sub);
    Ball other = ball.threatModel().withEpsilon(epsilon).around(center);
    return new AttackRun(sub, objective, other, random, budget);
  }

  /** The same images with another objective for them, on the same budget. */
  public AttackRun withObjective(Objective other) {
    return new AttackRun(manager.newSubManager(), other, ball, random, budget);
  }

  /** The same run with a manager of its own, to be closed sooner. */
  AttackRun nested() {
    return withObjective(objective);
  }

  /** All row numbers. */
  long[] rows() {
    return LongStream.range(0, size()).toArray();
  }

  public NDManager manager() {
    return manager;
  }

  public Ball ball() {
    return ball;
  }

  public RandomStreams random() {
    return random;
  }

  public AttackBudget budget() {
    return budget;
  }

  /** How many images are attacked. */
  public long size() {
    return ball.center().getShape().get(0);
  }

  /** Runs the model without recording. */
  public Scores evaluate(NDArray images) {
    budget.forward(images.getShape().get(0));
    NDArray outputs = objective.forward(images);
    return rated(outputs, objective.losses(outputs), images);
  }

  /** Runs the model and its backward pass; call inside a step's scope. */
  public ValueAndGradient valueAndGradient(NDArray images, TensorScope step) {
    long count = images.getShape().get(0);
    budget.forward(count);
    budget.backward(count);
    Scores evaluation;
    NDArray raw;
    try (GradMode on = GradMode.enableGrad()) {
      NDArray variable = Autograd.leaf(images);
      variable.attach(step.manager());
      NDArray outputs = objective.forward(variable);
      NDArray losses = objective.losses(outputs);
      raw = Autograd.gradient(losses.sum(), variable);
      try (GradMode off = GradMode.noGrad()) {
        evaluation = rated(outputs, losses.stopGradient(), images);
      }
    }
    NDList finite = Kernels.finite(raw);
    budget.nonFinite(finite.get(1), step);
    return new ValueAndGradient(evaluation, finite.get(0));
  }

  /**
   * The mean gradient of several passes, for models that draw random numbers; losses and successes
   * are the last pass's, as in the original.
   */
  public ValueAndGradient valueAndGradient(NDArray images, int passes, TensorScope step) {
    ValueAndGradient last = valueAndGradient(images, step);
    if (passes == 1) {
      return last;
    }
    NDArray sum = last.gradient();
    for (int i = 1; i < passes; i++) {
      last = valueAndGradient(images, step);
      sum = sum.add(last.gradient());
    }
    return new ValueAndGradient(last.at(), Kernels.mean(sum, passes));
  }

  /**
   * The nearest decision boundary, or that of a target, to first order.
   *
   * @param targets {@code [N]} int64, or null for the nearest of all classes
   * @return the logit of the class beyond the boundary less the right one, {@code [N]}, and its
   *     gradient {@code [N,C,H,W]}
   */
  public NDList boundary(NDArray images, @Nullable NDArray targets, Norm norm, TensorScope step) {
    ClassificationObjective classes = classification();
    long count = images.getShape().get(0);
    budget.forward(count);
    NDArray labels = classes.labels();
    NDList found;
    try (GradMode on = GradMode.enableGrad()) {
      NDArray variable = Autograd.leaf(images);
      variable.attach(step.manager());
      NDArray logits = objective.forward(variable);
      if (targets == null) {
        budget.backward(count * logits.getShape().get(1));
        found = Kernels.nearestBoundary(logits, labels, variable, norm);
      } else {
        budget.backward(count);
        NDArray right = logits.gather(labels.expandDims(1), 1);
        NDArray difference = logits.gather(targets.expandDims(1), 1).sub(right).squeeze(1);
        NDArray gradient = Autograd.gradient(difference.sum(), variable);
        found = new NDList(difference.stopGradient(), gradient);
      }
    }
    NDList finite = Kernels.finite(found.get(1));
    budget.nonFinite(finite.get(1), step);
    return new NDList(found.get(0), finite.get(0));
  }

  /**
   * The objective as one about classes.
   *
   * @throws IllegalArgumentException if it is another
   */
  public ClassificationObjective classification() {
    if (objective instanceof ClassificationObjective classes) {
      return classes;
    }
    throw new IllegalArgumentException(
        "this attack looks at classes: the objective must be a ClassificationObjective such as"
            + " Objectives.crossEntropy, got "
            + objective.getClass().getName());
  }

  /** The logits at some images, {@code [N,K]}, without recording. */
  public NDArray logits(NDArray images) {
    budget.forward(images.getShape().get(0));
    return classification().forward(images);
  }

  private Scores rated(NDArray outputs, NDArray losses, NDArray images) {
    checkPerImage(losses, images);
    NDArray succeeded = objective.succeeded(outputs);
    checkPerImage(succeeded, images);
    return new Scores(Kernels.rated(losses), succeeded);
  }

  private static void checkPerImage(NDArray values, NDArray images) {
    long count = images.getShape().get(0);
    if (values.getShape().dimension() != 1 || values.getShape().get(0) != count) {
      throw new IllegalArgumentException(
          "an objective must return one value per image, ["
              + count
              + "], got "
              + values.getShape());
    }
  }

  @Override
  public void close() {
    manager.close();
  }
}
