package dev.fare.models.vision;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.Precision;
import dev.fare.image.PixelNormalization;
import dev.fare.models.transformer.TorchType;
import dev.fare.torch.GradMode;
import dev.fare.torch.TorchCompilationException;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchObject;
import dev.fare.torch.TorchSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Weights on a device, and the compiled class that computes with them: what every tower is. */
final class TowerModule implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TowerModule.class);

  private final NDManager manager;
  private final Map<String, NDArray> parameters;
  private final Precision precision;
  private final List<NDArray> depths = new ArrayList<>();
  private final TorchSource source;
  private final String className;
  private final Map<String, ?> attributes;
  private final TorchModule module;

  /**
   * Compiles and binds.
   *
   * @param source its class has {@code dtype : int} and {@code seen : int} beside the attributes
   * @param depth the largest argument of {@code hidden_state}
   * @param manager the owner of everything native, which is closed with this
   */
  TowerModule(
      TorchSource source,
      String className,
      Map<String, ?> attributes,
      int depth,
      PixelNormalization normalization,
      Map<String, NDArray> parameters,
      NDManager manager,
      Precision precision) {
    this(source, null, className, attributes, depth, normalization, parameters, manager, precision);
  }

  /**
   * Compiles and binds.
   *
   * @param fused the source for float32 on a CPU, tried with its class's {@code fused : bool} true;
   *     where this libtorch can't compile it, {@code source} serves. Null without.
   */
  TowerModule(
      TorchSource source,
      @Nullable TorchSource fused,
      String className,
      Map<String, ?> attributes,
      int depth,
      PixelNormalization normalization,
      Map<String, NDArray> parameters,
      NDManager manager,
      Precision precision) {
    this.manager = manager;
    this.precision = precision;
    this.source = source;
    this.className = className;
    this.attributes = attributes;
    this.parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
    for (long i = 0; i <= depth; i++) {
      // a scalar argument is read on the host: it must not live on a GPU
      depths.add(manager.create(new long[] {i}, new Shape()).toDevice(Device.cpu(), false));
    }
    boolean mayFuse = precision == Precision.FLOAT32 && !manager.getDevice().isGpu();
    module = compile(mayFuse ? fused : null).bind(weights(normalization, manager));
  }

  private TorchModule compile(@Nullable TorchSource fused) {
    Map<String, Object> state = state(TorchType.of(precision));
    if (fused != null) {
      Map<String, Object> fusing = new LinkedHashMap<>(state);
      fusing.put("fused", true);
      try {
        return TorchModule.compile(fused, className, fusing, manager.getDevice());
      } catch (TorchCompilationException e) {
        LOG.debug("this libtorch has no oneDNN: inference computes as training does", e);
      }
    }
    return TorchModule.compile(source, className, state, manager.getDevice());
  }

  private Map<String, Object> state(int type) {
    Map<String, Object> all = new LinkedHashMap<>(attributes);
    all.put("dtype", type);
    all.put("seen", 0);
    return all;
  }

  private List<NDArray> weights(PixelNormalization normalization, NDManager owner) {
    List<NDArray> weights = new ArrayList<>();
    weights.add(perChannel(normalization.mean(), owner));
    weights.add(perChannel(normalization.std(), owner));
    weights.addAll(parameters.values());
    return weights;
  }

  /** See {@link VisionTower#toScript}. */
  TorchObject toScript(PixelNormalization normalization, NDManager owner) {
    Map<String, Object> state = state(TorchType.of(Precision.FLOAT32));
    List<NDArray> weights = weights(normalization, owner.newSubManager(manager.getDevice()));
    try (TorchModule plain = TorchModule.compile(source, className, state, manager.getDevice());
        GradMode off = GradMode.noGrad()) {
      // a forward pass reads the prepared weights alone; without others it never prepares anew
      state.put("params", List.of());
      state.put("prepared", plain.callList("prepare", List.of(), weights));
      return new TorchObject(source, className, state);
    }
  }

  private static NDArray perChannel(List<Double> values, NDManager owner) {
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values.get(i).floatValue();
    }
    return owner.create(floats, new Shape(1, 3, 1, 1));
  }

  NDArray embed(NDArray pixels) {
    return module.call("embed", pixels);
  }

  NDArray hiddenState(NDArray pixels, int depth) {
    if (depth < 0 || depth >= depths.size()) {
      throw new IllegalArgumentException(
          "depth must be between 0 and the " + (depths.size() - 1) + " blocks, got " + depth);
    }
    return module.call("hidden_state", pixels, depths.get(depth));
  }

  NDList hiddenStates(NDArray pixels) {
    return module.callAll("hidden_states", pixels);
  }

  NDList embedWithTokens(NDArray pixels) {
    return module.callAll("embed_with_tokens", pixels);
  }

  NDList callAll(String method, NDArray... inputs) {
    return module.callAll(method, inputs);
  }

  NDArray call(String method, NDArray... inputs) {
    return module.call(method, inputs);
  }

  Map<String, NDArray> parameters() {
    return parameters;
  }

  Precision precision() {
    return precision;
  }

  /** A manager for a copy of this. */
  NDManager newManager() {
    return NDManager.newBaseManager(manager.getDevice(), "PyTorch");
  }

  /** Copies of the weights. */
  Map<String, NDArray> copyParameters(NDManager owner) {
    Map<String, NDArray> copies = new LinkedHashMap<>();
    parameters.forEach(
        (name, array) -> {
          NDArray copy = array.stopGradient().duplicate();
          copy.attach(owner);
          copies.put(name, copy);
        });
    return copies;
  }

  /** The error for pixels that a tower does not take. */
  static IllegalArgumentException wrongPixels(String allowed, NDArray pixels) {
    return new IllegalArgumentException(
        "pixels must be "
            + allowed
            + " float32 in [0,1], got "
            + pixels.getShape()
            + " "
            + pixels.getDataType());
  }

  /** Whether an array has the type and channels of pixels. */
  static boolean isPixels(NDArray pixels) {
    Shape shape = pixels.getShape();
    return shape.dimension() == 4 && shape.get(1) == 3 && pixels.getDataType() == DataType.FLOAT32;
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }
}
