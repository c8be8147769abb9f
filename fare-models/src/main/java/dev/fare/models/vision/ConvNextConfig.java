package dev.fare.models.vision;

import java.util.List;

/**
 * The architecture of a ConvNeXt vision tower as open_clip builds it with timm: four stages, 7×7
 * depth-wise convolutions, MLPs four times as wide with exact GELU, layer scale, average pooling,
 * layer normalisation and a projection without bias.
 *
 * @param imageSize height and width of the images, in pixels
 * @param depths number of blocks of each stage; 3, 3, 27, 3 for ConvNeXt-B
 * @param widths number of channels of each stage; 128, 256, 512, 1024 for ConvNeXt-B
 * @param embeddingSize length of an embedding
 * @param layerNormEpsilon of every layer normalisation; 1e-6 in timm's ConvNeXt-B
 */
public record ConvNextConfig(
    int imageSize,
    List<Integer> depths,
    List<Integer> widths,
    int embeddingSize,
    double layerNormEpsilon)
    implements VisionConfig {

  /** The number of stages, each of half the resolution of the one before. */
  public static final int STAGES = 4;

  /** The number of pixels along one side that become one position of the last stage. */
  public static final int TOTAL_STRIDE = 32;

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if there are not four stages, a size is not positive, or the
   *     image is smaller than one position of the last stage
   */
  public ConvNextConfig {
    depths = List.copyOf(depths);
    widths = List.copyOf(widths);
    if (depths.size() != STAGES
        || widths.size() != STAGES
        || depths.stream().anyMatch(depth -> depth < 1)
        || widths.stream().anyMatch(width -> width < 1)
        || imageSize < TOTAL_STRIDE
        || embeddingSize < 1
        || !(layerNormEpsilon > 0)) {
      throw new IllegalArgumentException(
          "a ConvNeXt needs four positive depths and widths, an image of at least "
              + TOTAL_STRIDE
              + " pixels and a positive embedding size, got depths "
              + depths
              + ", widths "
              + widths
              + ", imageSize "
              + imageSize
              + ", embeddingSize "
              + embeddingSize
              + ", layerNormEpsilon "
              + layerNormEpsilon);
    }
  }

  @Override
  public ConvNextConfig withImageSize(int size) {
    return new ConvNextConfig(size, depths, widths, embeddingSize, layerNormEpsilon);
  }
}
