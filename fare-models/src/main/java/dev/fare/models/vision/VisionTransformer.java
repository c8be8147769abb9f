package dev.fare.models.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.fare.Precision;
import dev.fare.image.PixelNormalization;
import dev.fare.models.transformer.Activation;
import dev.fare.torch.TorchObject;
import dev.fare.torch.TorchSource;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** CLIP's vision transformer (Radford et al., 2021); the mathematics is vision_transformer.py. */
public final class VisionTransformer implements VisionTower {

  private static final TorchSource SOURCE =
      TorchSource.resource(VisionTransformer.class, "vision_transformer.py")
          .importing(TorchSource.resource(VisionTransformer.class, "vision_weights.py"))
          .importing(TorchSource.resource(Activation.class, "transformer.py"))
          .importing(TorchSource.resource(VisionTransformer.class, "patches.py"))
          .importing(TorchSource.resource(VisionTransformer.class, "prepared.py"))
          .importing(TorchSource.resource(VisionTransformer.class, "recomputed.py"))
          .importing(TorchSource.resource(Activation.class, "inference.py"));

  private static final TorchSource PLAIN = SOURCE.importing(products("products_plain.py"));
  private static final TorchSource FUSED = SOURCE.importing(products("products_onednn.py"));

  private final VitConfig config;
  private final PixelNormalization normalization;
  private final TowerModule module;
  private final TowerOptions options;
  private final @Nullable RecomputedPass again;
  private final boolean isView;

  /** Puts a tower of float32 arithmetic together. */
  public VisionTransformer(
      VitConfig config,
      PixelNormalization normalization,
      Map<String, NDArray> parameters,
      NDManager manager) {
    this(config, normalization, parameters, manager, Precision.FLOAT32);
  }

  /**
   * Puts a tower together.
   *
   * @param config the architecture
   * @param normalization applied to the pixels first
   * @param parameters the weights in the order of {@link VisionConfig#tensors}, owned by {@code
   *     manager}
   * @param manager the owner of everything native, which this tower closes
   * @param precision FLOAT32, or a half type, in which the blocks' matrix products are, while
   *     pixels, patch embedding, normalisations, the sums between blocks and the projection stay
   *     float32. In FLOAT32 on a CPU, passes that are not recorded for autograd are computed by
   *     oneDNN and agree with recorded ones to rounding.
   */
  public VisionTransformer(
      VitConfig config,
      PixelNormalization normalization,
      Map<String, NDArray> parameters,
      NDManager manager,
      Precision precision) {
    this(config, normalization, parameters, manager, precision, TowerOptions.DEFAULT);
  }

  /**
   * The same with further choices.
   *
   * @param options {@link TowerOptions#lowLatency} is for what oneDNN computes; elsewhere it
   *     changes nothing
   */
  public VisionTransformer(
      VitConfig config,
      PixelNormalization normalization,
      Map<String, NDArray> parameters,
      NDManager manager,
      Precision precision,
      TowerOptions options) {
    this.config = config;
    this.normalization = normalization;
    this.options = options;
    again = null;
    isView = false;
    module =
        new TowerModule(
            PLAIN,
            FUSED,
            "VisionTransformer",
            Map.of(
                "patch", config.patchSize(),
                "layers", config.layers(),
                "heads", config.heads(),
                "quick_gelu", config.activation() == Activation.QUICK_GELU,
                "epsilon", config.layerNormEpsilon(),
                "fused", false,
                "by_columns", options.lowLatency(),
                "deterministic", options.deterministic()),
            config.layers(),
            normalization,
            parameters,
            manager,
            precision);
  }

  private VisionTransformer(VisionTransformer other, boolean isView) {
    config = other.config;
    normalization = other.normalization;
    module = other.module;
    options = other.options;
    again = new RecomputedPass(module);
    this.isView = isView;
  }

  @Override
  public VisionTransformer withActivationCheckpointing() {
    return new VisionTransformer(this, true);
  }

  private static TorchSource products(String resource) {
    return new TorchSource("products.py", TorchSource.resource(Activation.class, resource).text());
  }

  @Override
  public VitConfig config() {
    return config;
  }

  @Override
  public NDArray embed(NDArray pixels) {
    checkShape(pixels);
    return again == null ? module.embed(pixels) : again.embed(pixels);
  }

  @Override
  public NDList embedWithTokens(NDArray pixels) {
    checkShape(pixels);
    return again == null ? module.embedWithTokens(pixels) : again.embedWithTokens(pixels);
  }

  @Override
  public NDArray hiddenState(NDArray pixels, int depth) {
    checkShape(pixels);
    return module.hiddenState(pixels, depth);
  }

  @Override
  public NDList hiddenStates(NDArray pixels) {
    checkShape(pixels);
    return module.hiddenStates(pixels);
  }

  @Override
  public NDArray postNorm(NDArray tokens) {
    return module.call("post_norm", tokens);
  }

  @Override
  public Precision precision() {
    return module.precision();
  }

  @Override
  public TorchObject toScript(PixelNormalization normalization, NDManager owner) {
    return module.toScript(normalization, owner);
  }

  @Override
  public Map<String, NDArray> parameters() {
    return module.parameters();
  }

  @Override
  public VisionTransformer copy() {
    NDManager owner = module.newManager();
    VisionTransformer copy =
        new VisionTransformer(
            config, normalization, module.copyParameters(owner), owner, precision(), options);
    return again == null ? copy : new VisionTransformer(copy, false);
  }

  private void checkShape(NDArray pixels) {
    int size = config.imageSize();
    if (!TowerModule.isPixels(pixels)
        || pixels.getShape().get(2) != size
        || pixels.getShape().get(3) != size) {
      throw TowerModule.wrongPixels("[N,3," + size + "," + size + "]", pixels);
    }
  }

  @Override
  public void close() {
    if (!isView) {
      module.close();
    }
  }
}
