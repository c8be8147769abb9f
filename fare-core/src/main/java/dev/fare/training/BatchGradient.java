package dev.fare.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.fare.torch.TensorScope;
import dev.fare.training.StepResult.Timings;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/** The gradient and the metrics of a batch, gathered over its parts. */
final class BatchGradient {

  private final TensorScope scope;
  private final long images;
  private final NDList gradients = new NDList();
  private double losses;
  private double adversarialCosines;
  private double cleanCosines;
  private boolean cleanMeasured;

  /**
   * Starts at zero.
   *
   * @param scope what the gradient lives as long as
   * @param images of the whole batch
   */
  BatchGradient(TensorScope scope, long images) {
    this.scope = scope;
    this.images = images;
  }

  /** How many images there are in the whole batch. */
  long images() {
    return images;
  }

  /** Adds the gradient of a part, which must have been divided by the images of the whole. */
  void add(NDList part, TensorScope partScope) {
    if (gradients.isEmpty()) {
      part.forEach(gradient -> gradients.add(partScope.keep(gradient, scope.manager())));
      return;
    }
    List<NDArray> both = new ArrayList<>(gradients);
    both.addAll(part);
    OptimizerScript.module().callList("accumulate", List.of(), both).close();
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
