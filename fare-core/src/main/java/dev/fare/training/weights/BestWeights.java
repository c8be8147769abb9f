package dev.fare.training.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A copy of weights as they were when they were best. */
public final class BestWeights implements AutoCloseable {

  private final NDManager manager;
  private final List<NDArray> weights;
  private final Map<String, NDArray> copies = new LinkedHashMap<>();

  /** Starts with the weights as they are. */
  public BestWeights(Map<String, NDArray> watched) {
    weights = List.copyOf(watched.values());
    manager = weights.get(0).getManager().newSubManager();
    watched.forEach(
        (name, weight) ->
            copies.put(name, WeightScript.own(weight.stopGradient().duplicate(), manager)));
  }

  /** The weights are the best now. */
  public void keep() {
    WeightScript.copy(weights, List.copyOf(copies.values()));
  }

  /** Makes the weights what they were. */
  public void restore() {
    WeightScript.copy(List.copyOf(copies.values()), weights);
  }

  /** The copies by the weights' names, for a checkpoint. */
  public Map<String, NDArray> copies() {
    return copies;
  }

  @Override
  public void close() {
    manager.close();
  }
}
