package dev.fare.attacks;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.fare.AttackCost;
import dev.fare.Ball;
import dev.fare.Objective;
import dev.fare.ThreatModel;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchSource;
import java.util.Map;

/**
 * One attack on one batch: the objective, the allowed images, the random numbers, and what has been
 * spent. Its manager owns what lives as long as the run.
 */
final class AttackRun implements AutoCloseable {

  private static final class Script {
    static final TorchModule MODULE =
        TorchModule.compile(
            TorchSource.resource(AttackRun.class, "gradients.py"),
            "Gradients",
            Map.of(),
            Device.cpu());
  }

  /**
   * The objective at some images.
   *
   * @param losses {@code [N]}
   * @param succeeded {@code [N]} boolean
   */
  record Evaluation(NDArray losses, NDArray succeeded) {}

  /**
   * The objective and its gradient at some images.
   *
   * @param losses {@code [N]}
   * @param succeeded {@code [N]} boolean
   * @param gradient of the sum of losses, in the shape of the images, finite
   */
  record Gradient(NDArray losses, NDArray succeeded, NDArray gradient) {}

  private final NDManager manager;
  private final Objective objective;
  private final Ball ball;
  private final RandomStreams random;
  private NDArray nonFinite;
  private long forwards;
  private long backwards;

  AttackRun(Objective objective, NDArray pixels, ThreatModel threatModel, RandomStreams random) {
    this.manager = pixels.getManager().newSubManager();
    this.objective = objective;
    this.random = random;
    NDArray center = pixels.stopGradient();
    center.attach(manager);
    ball = threatModel.around(center);
    nonFinite = manager.create(0L);
  }

  NDManager manager() {
    return manager;
  }

  Ball ball() {
    return ball;
  }

  RandomStreams random() {
    return random;
  }

  /** Runs the model without recording. */
  Evaluation evaluate(NDArray images) {
    forwards += images.getShape().get(0);
    NDArray outputs = objective.forward(images);
    return new Evaluation(
        checked(objective.losses(outputs), images), checked(objective.succeeded(outputs), images));
  }

  /** Runs the model and its backward pass; call inside a step's scope. */
  Gradient gradient(NDArray images, TensorScope step) {
    forwards += images.getShape().get(0);
    backwards += images.getShape().get(0);
    NDArray losses;
    NDArray succeeded;
    NDArray raw;
    try (GradMode on = GradMode.on()) {
      NDArray variable = Autograd.variable(images);
      variable.attach(step.manager());
      NDArray outputs = objective.forward(variable);
      losses = checked(objective.losses(outputs), images);
      raw = Autograd.gradient(losses.sum(), variable);
      succeeded = checked(objective.succeeded(outputs), images).stopGradient();
    }
    NDList finite = Script.MODULE.callAll("finite", raw);
    replaceNonFinite(nonFinite.add(finite.get(1)), step);
    return new Gradient(losses.stopGradient(), succeeded, finite.get(0));
  }

  private void replaceNonFinite(NDArray count, TensorScope step) {
    nonFinite.close();
    nonFinite = step.keep(count, manager);
  }

  private static NDArray checked(NDArray perImage, NDArray images) {
    long count = images.getShape().get(0);
    if (perImage.getShape().dimension() != 1 || perImage.getShape().get(0) != count) {
      throw new IllegalArgumentException(
          "an objective must return one value per image, ["
              + count
              + "], got "
              + perImage.getShape());
    }
    return perImage;
  }

  /** What was spent so far; waits for the device. */
  AttackCost cost() {
    return new AttackCost(forwards, backwards, nonFinite.getLong());
  }

  @Override
  public void close() {
    manager.close();
  }
}
