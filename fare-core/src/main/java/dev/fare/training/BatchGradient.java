package dev.fare.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import dev.fare.training.StepResult.Timings;
import java.util.ArrayList;
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

  /** Adds the gradient of a part, which must have been divided by the images of the whole. */
  void add(NDList part, TensorScope partScope) {
    NDList here = new NDList(part.size());
    for (NDArray gradient : part) {
      here.add(gradient.toDevice(owner.getDevice(), false));
    }
    if (gradients.isEmpty()) {
      here.forEach(gradient -> gradients.add(partScope.keep(gradient, owner)));
    } else {
      accumulate(here);
    }
  }

  private void accumulate(NDList part) {
    List<NDArray> both = new ArrayList<>(gradients);
    both.addAll(part);
    try (GradMode off = GradMode.off()) {
      OptimizerScript.module().callList("accumulate", List.of(), both).close();
    }
  }

  /** Adds what was gathered elsewhere for other images of the batch. */
  void add(BatchGradient other) {
    accumulate(other.gradients);
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
