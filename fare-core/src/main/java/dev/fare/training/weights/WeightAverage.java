package dev.fare.training.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.torch.GradMode;
import java.io.Closeable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** An exponential moving average of the trained weights. */
public final class WeightAverage implements Closeable {

  private final double decay;
  private final NDManager manager;
  private final Map<String, NDArray> averages = new LinkedHashMap<>();
  private final List<NDArray> pairs = new ArrayList<>();

  /** None where the decay is 0. */
  public static @Nullable WeightAverage of(double decay, Map<String, NDArray> weights) {
    return decay == 0 ? null : new WeightAverage(decay, weights);
  }

  /**
   * Starts at the weights as they are.
   *
   * @param decay what an update leaves of the average, in (0,1)
   */
  WeightAverage(double decay, Map<String, NDArray> weights) {
    this.decay = decay;
    manager = weights.values().iterator().next().getManager().newSubManager();
    weights.forEach(
        (name, weight) ->
            averages.put(name, WeightScript.own(weight.stopGradient().duplicate(), manager)));
    pairs.addAll(averages.values());
    pairs.addAll(weights.values());
  }

  /** Moves the average towards the weights. */
  public void update() {
    WeightScript.update("average", new double[] {decay}, List.of(), pairs);
  }

  /**
   * Does something while the weights are the averages and the averages are the weights; both are
   * what they were before, bit by bit, when it is done.
   */
  public <T> T inPlace(Supplier<T> work) {
    swap();
    try {
      return work.get();
    } finally {
      swap();
    }
  }

  private void swap() {
    try (GradMode off = GradMode.noGrad()) {
      WeightScript.module().callList("swap", List.of(), pairs).close();
    }
  }

  /** Writes the averages into those of the given weights that have their names. */
  public void copyTo(Map<String, NDArray> weights) {
    Map<String, NDArray> targets = new LinkedHashMap<>(weights);
    targets.keySet().retainAll(averages.keySet());
    WeightScript.copy(
        targets.keySet().stream().map(averages::get).toList(), List.copyOf(targets.values()));
  }

  /** The averages by the weights' names. */
  public Map<String, NDArray> averages() {
    return averages;
  }

  @Override
  public void close() {
    manager.close();
  }
}
