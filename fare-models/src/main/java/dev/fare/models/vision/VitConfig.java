package dev.fare.models.vision;

import static java.util.Objects.requireNonNull;

import dev.fare.models.transformer.Activation;

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

  /** Patches along one side; a remainder of pixels at the right and lower edge is not seen. */
  public int grid() {
    return imageSize / patchSize;
  }

  /** The number of tokens, the class token included. */
  public int tokens() {
    return grid() * grid() + 1;
  }
}
