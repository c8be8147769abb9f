package dev.fare.examples.benchmarks;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.ImageEncoder;
import dev.fare.image.PixelNormalization;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VitConfig;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * A vision transformer as the original code computes it, operation by operation, in which single
 * choices of ours can be taken; for comparison only.
 */
final class PlainTower implements ImageEncoder {

  /** A choice that the library makes differently from the original code. */
  enum Choice {
    /** Patches by one matrix product where the original has a convolution. */
    LINEAR_PATCHES,
    /** Explicit attention where the original has libtorch's fused one. */
    EXPLICIT_ATTENTION,
    /** QuickGELU by one pass where the original has three. */
    ONE_PASS_GELU,
    /** In the last block the class token alone where the original computes all tokens. */
    CLASS_TOKEN_ONLY
  }

  private final VitConfig config;
  private final NDManager manager;
  private final TorchModule module;
  private final List<NDArray> weights;

  /**
   * Puts a tower together.
   *
   * @param config with QuickGELU
   * @param weights in the order of {@code VisionConfig.tensors}; the caller stays their owner
   * @param choices those of ours that it makes
   */
  PlainTower(VitConfig config, Map<String, NDArray> weights, Set<Choice> choices) {
    if (config.activation() != Activation.QUICK_GELU) {
      throw new IllegalArgumentException("the plain tower has QuickGELU only, got " + config);
    }
    this.config = config;
    this.weights = List.copyOf(weights.values());
    Device device = weights.values().iterator().next().getDevice();
    manager = NDManager.newBaseManager(device, "PyTorch");
    Map<String, Object> attributes = new LinkedHashMap<>();
    attributes.put("patch", config.patchSize());
    attributes.put("layers", config.layers());
    attributes.put("heads", config.heads());
    attributes.put("epsilon", config.layerNormEpsilon());
    for (Choice choice : EnumSet.allOf(Choice.class)) {
      attributes.put(choice.name().toLowerCase(Locale.ROOT), choices.contains(choice));
    }
    List<NDArray> bound = new ArrayList<>();
    bound.add(perChannel(manager, PixelNormalization.CLIP.mean()));
    bound.add(perChannel(manager, PixelNormalization.CLIP.std()));
    bound.addAll(weights.values());
    module =
        TorchModule.compile(
                TorchSource.resource(PlainTower.class, "plain_tower.py"),
                "PlainTower",
                attributes,
                device)
            .bind(bound);
  }

  static NDArray perChannel(NDManager manager, List<Double> values) {
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values.get(i).floatValue();
    }
    return manager.create(floats, new Shape(1, 3, 1, 1));
  }

  @Override
  public NDArray embed(NDArray pixels) {
    return module.call("embed", pixels);
  }

  /**
   * AdamW with betas 0.9 and 0.999, one weight after the other.
   *
   * @param numbers learning rate and weight decay, float64
   * @param updates how many there have been, counted up
   * @param tensors weights, gradients, means, means of squares
   */
  void adamW(NDArray numbers, NDArray updates, List<NDArray> tensors) {
    module.callList("adamw", List.of(numbers, updates), tensors).close();
  }

  /** The weights that are trained, in their order. */
  List<NDArray> weights() {
    return weights;
  }

  @Override
  public int embeddingSize() {
    return config.embeddingSize();
  }

  @Override
  public int imageSize() {
    return config.imageSize();
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }
}
