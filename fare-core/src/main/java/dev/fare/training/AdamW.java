package dev.fare.training;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.torch.GradMode;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * AdamW with decoupled weight decay (Loshchilov and Hutter, 2019), one fused update for all
 * weights.
 *
 * <p>For one thread at a time.
 */
public final class AdamW implements AutoCloseable {

  private static final TorchSource SOURCE = TorchSource.resource(AdamW.class, "adamw.py");

  private final NDManager manager;
  private final TorchModule module;

  /**
   * Starts with moments of zero.
   *
   * @param weights updated in place; the caller stays their owner
   * @param weightDecay fraction of a weight that is taken off it each step, times the learning rate
   */
  public AdamW(List<NDArray> weights, double weightDecay) {
    Device device = weights.get(0).getDevice();
    manager = NDManager.newBaseManager(device, "PyTorch");
    List<NDArray> bound = new ArrayList<>(weights);
    for (int moment = 0; moment < 2; moment++) {
      for (NDArray weight : weights) {
        bound.add(manager.zeros(weight.getShape()));
      }
    }
    for (int i = 0; i < weights.size(); i++) {
      bound.add(manager.zeros(new Shape()));
    }
    module =
        TorchModule.compile(
                SOURCE,
                "AdamW",
                Map.of(
                    "count", weights.size(),
                    "beta1", 0.9,
                    "beta2", 0.999,
                    "epsilon", 1e-8,
                    "weight_decay", weightDecay),
                device)
            .bind(bound);
  }

  /** Updates every weight by its gradient, given in the weights' order. */
  public void step(List<NDArray> gradients, double learningRate) {
    try (GradMode off = GradMode.off();
        NDArray rate = manager.create((float) learningRate).toDevice(Device.cpu(), false)) {
      module.callList("step", List.of(rate), gradients);
    }
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }
}
