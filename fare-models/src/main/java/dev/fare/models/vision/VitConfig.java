package dev.fare.models.vision;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.Precision;
import dev.fare.image.PixelNormalization;
import dev.fare.models.transformer.Activation;
import dev.fare.models.transformer.WeightShapes;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * The architecture of CLIP's vision transformer.
 *
 * @param imageSize height and width of the images, in pixels
 * @param patchSize height and width of a patch, in pixels
 * @param width length of a token
 * @param layers number of transformer blocks
 * @param heads number of attention heads in a block
 * @param mlpWidth inner width of a block's MLP
 * @param embeddingSize length of an embedding
 * @param activation of the MLPs
 * @param layerNormEpsilon of every layer normalisation; 1e-5 in all published CLIPs
 */
public record VitConfig(
    int imageSize,
    int patchSize,
    int width,
    int layers,
    int heads,
    int mlpWidth,
    int embeddingSize,
    Activation activation,
    double layerNormEpsilon)
    implements VisionConfig {

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if a size is not positive, the patch is larger than the image,
   *     or the width is not a multiple of the heads
   */
  public VitConfig {
    requireNonNull(activation, "activation");
    int smallest =
        Math.min(
            Math.min(Math.min(imageSize, patchSize), Math.min(width, layers)),
            Math.min(Math.min(heads, mlpWidth), embeddingSize));
    if (smallest < 1 || patchSize > imageSize || width % heads != 0 || !(layerNormEpsilon > 0)) {
      throw new IllegalArgumentException(
          "a vision transformer needs positive sizes, a patch no larger than its image and a width"
              + " that its heads divide, got imageSize "
              + imageSize
              + ", patchSize "
              + patchSize
              + ", width "
              + width
              + ", layers "
              + layers
              + ", heads "
              + heads
              + ", mlpWidth "
              + mlpWidth
              + ", embeddingSize "
              + embeddingSize
              + ", layerNormEpsilon "
              + layerNormEpsilon);
    }
  }

  @Override
  public VitConfig withImageSize(int size) {
    return new VitConfig(
        size,
        patchSize,
        width,
        layers,
        heads,
        mlpWidth,
        embeddingSize,
        activation,
        layerNormEpsilon);
  }

  /** The same architecture with another non-linearity. */
  public VitConfig withActivation(Activation other) {
    return new VitConfig(
        imageSize,
        patchSize,
        width,
        layers,
        heads,
        mlpWidth,
        embeddingSize,
        other,
        layerNormEpsilon);
  }

  /** Patches along one side; a remainder of pixels at the right and lower edge is not seen. */
  int grid() {
    return imageSize / patchSize;
  }

  /** The number of tokens, the class token included. */
  public int tokens() {
    return grid() * grid() + 1;
  }

  @Override
  public int depth() {
    return layers;
  }

  @Override
  public boolean hasClassToken() {
    return true;
  }

  @Override
  public Shape hiddenShape(int depth) {
    return new Shape(tokens(), width);
  }

  @Override
  public LinkedHashMap<String, Shape> tensors() {
    return new WeightShapes()
        .put("visual.class_embedding", width)
        .put("visual.conv1.weight", width, 3, patchSize, patchSize)
        .put(PositionTable.NAME, tokens(), width)
        .norm("visual.ln_pre", width)
        .blocks("visual.transformer.resblocks", layers, width, mlpWidth)
        .norm("visual.ln_post", width)
        .put("visual.proj", width, embeddingSize)
        .toMap();
  }

  @Override
  public Optional<PositionTable> positions() {
    return Optional.of(new PositionTable(grid(), width));
  }

  @Override
  public long bytesPerImage() {
    long pixels = 3L * imageSize * imageSize;
    long perToken = 7L * width + 2L * mlpWidth;
    long attention = 2L * tokens() * tokens() * heads;
    return Float.BYTES * (3 * pixels + tokens() * perToken + attention);
  }

  @Override
  public VisionTransformer newTower(
      PixelNormalization normalization,
      Map<String, NDArray> parameters,
      NDManager manager,
      Precision precision,
      TowerOptions options) {
    return new VisionTransformer(this, normalization, parameters, manager, precision, options);
  }

  @Override
  public <R> R match(Function<VitConfig, R> transformer, Function<ConvNextConfig, R> convNext) {
    return transformer.apply(this);
  }
}
