package dev.fare.models.vision;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.models.Activation;
import dev.fare.models.PixelNormalization;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** CLIP's vision transformer (Radford et al., 2021); the mathematics is vision_transformer.py. */
public final class VisionTransformer implements VisionTower {

  private static final TorchSource SOURCE =
      TorchSource.resource(VisionTransformer.class, "vision_transformer.py")
          .importing(TorchSource.resource(Activation.class, "transformer.py"));

  private final VitConfig config;
  private final PixelNormalization normalization;
  private final NDManager manager;
  private final Map<String, NDArray> parameters;
  private final List<NDArray> depths = new ArrayList<>();
  private final TorchModule module;

  /**
   * Puts a tower together.
   *
   * @param config the architecture
   * @param normalization applied to the pixels first
   * @param parameters the weights in the order of {@code CanonicalNames.vision}, owned by {@code
   *     manager}
   * @param manager the owner of everything native, which this tower closes
   */
  public VisionTransformer(
      VitConfig config,
      PixelNormalization normalization,
      Map<String, NDArray> parameters,
      NDManager manager) {
    this.config = config;
    this.normalization = normalization;
    this.manager = manager;
    this.parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
    List<NDArray> bound = new ArrayList<>();
    bound.add(perChannel(normalization.mean()));
    bound.add(perChannel(normalization.std()));
    bound.addAll(parameters.values());
    for (long depth = 0; depth <= config.layers(); depth++) {
      // a scalar argument is read on the host: it must not live on a GPU
      depths.add(manager.create(new long[] {depth}, new Shape()).toDevice(Device.cpu(), false));
    }
    module =
        TorchModule.compile(
                SOURCE,
                "VisionTransformer",
                Map.of(
                    "patch", config.patchSize(),
                    "layers", config.layers(),
                    "heads", config.heads(),
                    "quick_gelu", config.activation() == Activation.QUICK_GELU,
                    "epsilon", config.layerNormEpsilon()),
                manager.getDevice())
            .bind(bound);
  }

  private NDArray perChannel(List<Double> values) {
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values.get(i).floatValue();
    }
    return manager.create(floats, new Shape(1, 3, 1, 1));
  }

  @Override
  public VitConfig config() {
    return config;
  }

  @Override
  public NDArray embed(NDArray pixels) {
    checkShape(pixels);
    return module.call("embed", pixels);
  }

  @Override
  public NDList embedWithTokens(NDArray pixels) {
    checkShape(pixels);
    return module.callAll("embed_with_tokens", pixels);
  }

  @Override
  public NDArray hiddenState(NDArray pixels, int depth) {
    checkShape(pixels);
    if (depth < 0 || depth > config.layers()) {
      throw new IllegalArgumentException(
          "depth must be between 0 and the " + config.layers() + " blocks, got " + depth);
    }
    return module.call("hidden_state", pixels, depths.get(depth));
  }

  @Override
  public NDList hiddenStates(NDArray pixels) {
    checkShape(pixels);
    return module.callAll("hidden_states", pixels);
  }

  @Override
  public NDArray postNorm(NDArray tokens) {
    return module.call("post_norm", tokens);
  }

  @Override
  public int depth() {
    return config.layers();
  }

  @Override
  public Map<String, NDArray> parameters() {
    return parameters;
  }

  @Override
  public VisionTransformer copy() {
    NDManager owner = NDManager.newBaseManager(manager.getDevice(), "PyTorch");
    Map<String, NDArray> copies = new LinkedHashMap<>();
    parameters.forEach(
        (name, array) -> {
          NDArray copy = array.stopGradient().duplicate();
          copy.attach(owner);
          copies.put(name, copy);
        });
    return new VisionTransformer(config, normalization, copies, owner);
  }

  private void checkShape(NDArray pixels) {
    Shape shape = pixels.getShape();
    int size = config.imageSize();
    if (shape.dimension() != 4
        || shape.get(1) != 3
        || shape.get(2) != size
        || shape.get(3) != size
        || pixels.getDataType() != DataType.FLOAT32) {
      throw new IllegalArgumentException(
          "pixels must be [N,3,"
              + size
              + ","
              + size
              + "] float32 in [0,1], got "
              + shape
              + " "
              + pixels.getDataType());
    }
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }
}
