package dev.fare.training.optimizer;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.training.weights.WeightScript;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * AdamW with decoupled weight decay (Loshchilov and Hutter, 2019), one fused update for all
 * weights.
 *
 * <p>For one thread at a time.
 */
final class AdamWRule implements UpdateRule {

  private static final Logger LOG = LoggerFactory.getLogger(AdamWRule.class);

  private final Optimizer.AdamW settings;
  private final double weightDecay;
  private final List<NDArray> weights;
  private final List<NDArray> means = new ArrayList<>();
  private final List<NDArray> squares = new ArrayList<>();
  private final Map<String, NDArray> state = new LinkedHashMap<>();
  private final NDManager manager;
  private final NDArray updates;
  private final String method;

  AdamWRule(Optimizer.AdamW settings, Map<String, NDArray> weights, double weightDecay) {
    this.settings = settings;
    this.weightDecay = weightDecay;
    this.weights = List.copyOf(weights.values());
    manager = this.weights.get(0).getManager().newSubManager();
    updates = WeightScript.own(manager.zeros(new Shape()), manager);
    state.put("updates", updates);
    weights.forEach(
        (name, weight) -> {
          means.add(WeightScript.own(weight.zerosLike(), manager));
          squares.add(WeightScript.own(weight.zerosLike(), manager));
          state.put("mean." + name, means.get(means.size() - 1));
          state.put("square." + name, squares.get(squares.size() - 1));
        });
    method = method(manager.getDevice());
  }

  private static String method(Device device) {
    String type = device.getDeviceType();
    if (type.equals("cpu") || type.equals("gpu")) {
      return "fused_adamw";
    }
    LOG.info("device {} has no fused AdamW: updating weight by weight", device);
    return "adamw";
  }

  /** Updates every weight by its gradient, given in the weights' order. */
  @Override
  public void step(List<NDArray> gradients, double learningRate) {
    step(method, gradients, learningRate);
  }

  /** The same by a named method of the script, so that both can be checked. */
  void step(String scriptMethod, List<NDArray> gradients, double learningRate) {
    WeightScript.checkCount(gradients, weights);
    double[] rates = {
      learningRate, settings.beta1(), settings.beta2(), weightDecay, settings.epsilon()
    };
    WeightScript.update(scriptMethod, rates, List.of(updates), weights, gradients, means, squares);
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
