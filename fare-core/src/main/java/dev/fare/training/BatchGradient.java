package dev.fare.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.fare.torch.Autograd;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import dev.fare.training.StepResult.Timings;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** The gradient and the metrics of a batch, gathered over its parts. */
final class BatchGradient {

  private final NDManager owner;
  private final long images;
  private final NDList gradients = new NDList();

  /** What is on the device until the host reads it, part by part. */
  private final Map<Metric, NDList> unread = new EnumMap<>(Metric.class);

  /** What the host has read; no clean cosine where none was measured. */
  private final Map<Metric, Double> sums = new EnumMap<>(Metric.class);

  /** What is added up over a batch's images. */
  enum Metric {
    LOSS,
    ADVERSARIAL_COSINE,
    CLEAN_COSINE
  }

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

  /**
   * Adds what was gathered elsewhere for other images of the batch, and uses it up. Nothing goes
   * over the host, and it waits for no device.
   */
  void add(BatchGradient other) {
    for (int i = 0; i < gradients.size(); i++) {
      try (NDArray theirs = other.gradients.get(i);
          NDArray here = theirs.toDevice(owner.getDevice(), false)) {
        Autograd.accumulate(List.of(gradients.get(i)), List.of(here));
      }
    }
    other.unread.forEach(
        (metric, parts) ->
            parts.forEach(
                part ->
                    unread
                        .computeIfAbsent(metric, none -> new NDList())
                        .add(part.toDevice(owner.getDevice(), false))));
  }

  /**
   * Adds a part's sum, without waiting for it.
   *
   * @param sum a scalar, made in the scope
   */
  void add(Metric metric, NDArray sum, TensorScope partScope) {
    unread
        .computeIfAbsent(metric, none -> new NDList())
        .add(partScope.keep(sum.stopGradient(), owner));
  }

  /**
   * Waits for all metrics at once.
   *
   * @param others read with them
   * @return the elements of the others first
   */
  double[] read(NDArray... others) {
    List<NDArray> arrays = new ArrayList<>(List.of(others));
    unread.values().forEach(arrays::addAll);
    double[] numbers = Host.doubles(arrays);
    int at = numbers.length - (arrays.size() - others.length);
    for (Map.Entry<Metric, NDList> parts : unread.entrySet()) {
      for (int i = 0; i < parts.getValue().size(); i++) {
        sums.merge(parts.getKey(), numbers[at++], Double::sum);
      }
      parts.getValue().close();
    }
    unread.clear();
    return numbers;
  }

  NDList gradients() {
    return gradients;
  }

  /** The mean over the images, once the metrics are read. */
  double loss() {
    return sums.getOrDefault(Metric.LOSS, Double.NaN) / images;
  }

  StepResult result(long step, double learningRate, double norm, boolean skipped, Timings timings) {
    Double clean = sums.get(Metric.CLEAN_COSINE);
    return new StepResult(
        step,
        loss(),
        sums.getOrDefault(Metric.ADVERSARIAL_COSINE, Double.NaN) / images,
        clean == null ? OptionalDouble.empty() : OptionalDouble.of(clean / images),
        learningRate,
        norm,
        (int) images,
        skipped,
        timings);
  }
}
