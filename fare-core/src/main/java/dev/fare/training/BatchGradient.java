package dev.fare.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.fare.torch.Autograd;
import dev.fare.torch.TensorScope;
import dev.fare.training.StepResult.Timings;
import java.util.List;
import java.util.OptionalDouble;

/** The gradient and the metrics of a batch, gathered over its parts. */
final class BatchGradient {

  private final NDManager owner;
  private final long images;
  private final NDList gradients = new NDList();
  private double losses;
  private double adversarialCosines;
  private double cleanCosines;
  private boolean cleanMeasured;

  /**
   * Starts at zero.
   *
   * @param owner of the gradient, on the device where it is gathered
   * @param images of the whole batch
   */
  BatchGradient(NDManager owner, long images) {
    this.owner = owner;
    this.images = images;
  }

  /** How many images there are in the whole batch. */
  long images() {
    return images;
  }

  /**
   * Adds the gradient of a part.
   *
   * @param loss of the part, divided by the images of the whole; recorded
   * @param weights on the device where the gradient is gathered
   * @param partScope what the loss was computed in
   */
  void addGradient(NDArray loss, List<NDArray> weights, TensorScope partScope) {
    if (gradients.isEmpty()) {
      Autograd.gradients(loss, weights)
          .forEach(gradient -> gradients.add(partScope.keep(gradient, owner)));
    } else {
      Autograd.addGradients(loss, weights, gradients);
    }
  }

  /** Adds what was gathered elsewhere for other images of the batch, and uses it up. */
  void add(BatchGradient other) {
    for (int i = 0; i < gradients.size(); i++) {
      try (NDArray theirs = other.gradients.get(i);
          NDArray here = theirs.toDevice(owner.getDevice(), false)) {
        Autograd.accumulate(List.of(gradients.get(i)), List.of(here));
      }
    }
    losses += other.losses;
    adversarialCosines += other.adversarialCosines;
    cleanCosines += other.cleanCosines;
  }

  void addLoss(double sum) {
    losses += sum;
  }

  void addAdversarialCosine(double sum) {
    adversarialCosines += sum;
  }

  void addCleanCosine(double sum) {
    cleanCosines += sum;
    cleanMeasured = true;
  }

  NDList gradients() {
    return gradients;
  }

  double loss() {
    return losses / images;
  }

  StepResult result(long step, double learningRate, double norm, boolean skipped, Timings timings) {
    return new StepResult(
        step,
        loss(),
        adversarialCosines / images,
        cleanMeasured ? OptionalDouble.of(cleanCosines / images) : OptionalDouble.empty(),
        learningRate,
        norm,
        (int) images,
        skipped,
        timings);
  }
}
