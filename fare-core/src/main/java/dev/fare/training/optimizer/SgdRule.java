package dev.fare.training.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.training.weights.WeightScript;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Gradient descent with a velocity for each weight. */
final class SgdRule implements UpdateRule {

  private final Optimizer.Sgd settings;
  private final double weightDecay;
  private final List<NDArray> weights;
  private final List<NDArray> velocities = new ArrayList<>();
  private final Map<String, NDArray> state = new LinkedHashMap<>();
  private final NDManager manager;

  SgdRule(Optimizer.Sgd settings, Map<String, NDArray> weights, double weightDecay) {
    this.settings = settings;
    this.weightDecay = weightDecay;
    this.weights = List.copyOf(weights.values());
    manager = this.weights.get(0).getManager().newSubManager();
    weights.forEach(
        (name, weight) -> {
          NDArray velocity = WeightScript.own(weight.zerosLike(), manager);
          velocities.add(velocity);
          state.put("velocity." + name, velocity);
        });
  }

  @Override
  public void step(List<NDArray> gradients, double learningRate) {
    WeightScript.checkCount(gradients, weights);
    double[] rates = {learningRate, settings.momentum(), weightDecay};
    WeightScript.update("sgd", rates, List.of(), weights, gradients, velocities);
  }

  @Override
  public NDManager manager() {
    return manager;
  }

  @Override
  public Map<String, NDArray> state() {
    return state;
  }

  @Override
  public void close() {
    manager.close();
  }
}
