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

/**
 * ConvNeXt (Liu et al., 2022) as the vision tower of open_clip's CLIPs; the mathematics is
 * convnext.py.
 *
 * <p>Images of any height and width from 32 are taken, whatever size it was made for. Its tokens
 * are the positions after the stem (depth 0) or one of the four stages, row by row.
 */
final class ConvNext implements VisionTower {

  private static final TorchSource SOURCE =
      TorchSource.resource(ConvNext.class, "convnext.py")
          .importing(TorchSource.resource(ConvNext.class, "convnext_weights.py"))
          .importing(TorchSource.resource(Activation.class, "transformer.py"))
          .importing(TorchSource.resource(ConvNext.class, "patches.py"))
          .importing(TorchSource.resource(ConvNext.class, "prepared.py"))
          .importing(TorchSource.resource(ConvNext.class, "recomputed.py"));

  private final ConvNextConfig config;
  private final PixelNormalization normalization;
  private final TowerOptions options;
  private final TowerModule module;
  private final @Nullable RecomputedPass again;
  private final boolean isView;

  /**
   * Puts a tower together.
   *
   * @param config the architecture
   * @param normalization applied to the pixels first
   * @param parameters the weights in the order of {@link VisionConfig#tensors}, owned by {@code
   *     manager}
   * @param manager the owner of everything native, which this tower closes
   * @param precision FLOAT32, or a half type, in which the MLPs of the blocks are, the rest stays
   *     float32
   * @param options without effect but {@link TowerOptions#deterministic}
   */
  ConvNext(
      ConvNextConfig config,
      PixelNormalization normalization,
      Map<String, NDArray> parameters,
      NDManager manager,
      Precision precision,
      TowerOptions options) {
    this.config = config;
    this.options = options;
    this.normalization = normalization;
    again = null;
    isView = false;
    module =
        new TowerModule(
            SOURCE,
            "ConvNext",
            Map.of(
                "depth_0", config.depths().get(0),
                "depth_1", config.depths().get(1),
                "depth_2", config.depths().get(2),
                "depth_3", config.depths().get(3),
                "epsilon", config.layerNormEpsilon(),
                "deterministic", options.deterministic()),
            ConvNextConfig.STAGES,
            normalization,
            parameters,
            manager,
            precision);
  }

  private ConvNext(ConvNext other, boolean isView) {
    config = other.config;
    normalization = other.normalization;
    options = other.options;
    module = other.module;
    again = new RecomputedPass(module);
    this.isView = isView;
  }

  @Override
  public ConvNext withActivationCheckpointing() {
    return new ConvNext(this, true);
  }

  @Override
  public ConvNextConfig config() {
    return config;
  }

  @Override
  public NDArray embed(NDArray pixels) {
    checkShape(pixels);
    return again == null ? module.embed(pixels) : again.embed(pixels);
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

  /**
   * Not there: the final normalisation comes after the mean over all positions.
   *
   * @throws IllegalArgumentException always
   */
  @Override
  public NDArray postNorm(NDArray tokens) {
    throw new IllegalArgumentException(
        "a ConvNeXt has no normalised tokens: it normalises the mean of all positions; take tokens"
            + " without the final normalisation, such as TokenLayer.layer(-1)");
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
  public ConvNext copy() {
    NDManager owner = module.newManager();
    Map<String, NDArray> weights = module.copyParameters(owner);
    ConvNext copy = new ConvNext(config, normalization, weights, owner, precision(), options);
    return again == null ? copy : new ConvNext(copy, false);
  }

  private static void checkShape(NDArray pixels) {
    if (!TowerModule.isPixels(pixels)
        || pixels.getShape().get(2) < ConvNextConfig.TOTAL_STRIDE
        || pixels.getShape().get(3) < ConvNextConfig.TOTAL_STRIDE) {
      throw TowerModule.wrongPixels("[N,3,H,W] with H and W from 32,", pixels);
    }
  }

  @Override
  public void close() {
    if (!isView) {
      module.close();
    }
  }
}
