package dev.fare.training.weights;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import dev.fare.torch.GradMode;
import dev.fare.torch.Host;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The arithmetic over lists of weights, in TorchScript. */
public final class WeightScript {

  private WeightScript() {}

  private static final class Holder {
    static final TorchModule MODULE =
        TorchModule.compile(
            TorchSource.resource(WeightScript.class, "weights.py"),
            "Weights",
            Map.of(),
            Device.cpu());
  }

  public static TorchModule module() {
    return Holder.MODULE;
  }

  /** Moves an array to a manager, out of any scope that is open, so that it lives as long. */
  public static NDArray own(NDArray array, NDManager manager) {
    NDScope.unregister(array);
    array.attach(manager);
    return array;
  }

  /** Copies values into arrays, in place. */
  public static void copy(List<NDArray> sources, List<NDArray> targets) {
    List<NDArray> both = new ArrayList<>(targets);
    both.addAll(sources);
    try (GradMode off = GradMode.noGrad()) {
      module().callList("copy", List.of(), both).close();
    }
  }

  /**
   * Changes arrays in place by one of the script's methods.
   *
   * @param method of the script
   * @param rates numbers of the method, kept in float64
   * @param shared what all weights have in common
   * @param lists one array a weight each: what is changed, and what the method needs for it
   */
  @SafeVarargs
  public static void update(
      String method, double[] rates, List<NDArray> shared, List<NDArray>... lists) {
    try (GradMode off = GradMode.noGrad();
        NDArray numbers = Host.numbers(rates)) {
      List<NDArray> first = new ArrayList<>(List.of(numbers));
      first.addAll(shared);
      module().callList(method, first, Arrays.stream(lists).flatMap(List::stream).toList()).close();
    }
  }

  public static void checkCount(List<NDArray> gradients, List<NDArray> weights) {
    if (gradients.size() != weights.size()) {
      throw new IllegalArgumentException(
          "there must be one gradient for each of "
              + weights.size()
              + " weights, got "
              + gradients.size());
    }
  }
}
