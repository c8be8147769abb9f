package dev.fare.models.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.Precision;
import dev.fare.image.PixelNormalization;
import dev.fare.models.transformer.WeightShapes;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

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
  static final int TOTAL_STRIDE = 32;

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

  @Override
  public int depth() {
    return STAGES;
  }

  @Override
  public boolean hasClassToken() {
    return false;
  }

  @Override
  public Shape hiddenShape(int depth) {
    int stage = Math.max(0, depth - 1);
    long side = imageSize / (4L << stage);
    return new Shape(side * side, widths.get(stage));
  }

  @Override
  public LinkedHashMap<String, Shape> tensors() {
    String trunk = "visual.trunk.";
    long before = widths.get(0);
    WeightShapes shapes =
        new WeightShapes()
            .put(trunk + "stem.0.weight", before, 3, 4, 4)
            .put(trunk + "stem.0.bias", before)
            .norm(trunk + "stem.1", before);
    for (int i = 0; i < STAGES; i++) {
      long width = widths.get(i);
      String stage = trunk + "stages." + i;
      if (i > 0) {
        shapes
            .norm(stage + ".downsample.0", before)
            .put(stage + ".downsample.1.weight", width, before, 2, 2)
            .put(stage + ".downsample.1.bias", width);
      }
      for (int j = 0; j < depths.get(i); j++) {
        String block = stage + ".blocks." + j;
        shapes
            .put(block + ".gamma", width)
            .put(block + ".conv_dw.weight", width, 1, 7, 7)
            .put(block + ".conv_dw.bias", width)
            .norm(block + ".norm", width)
            .linear(block + ".mlp.fc1", 4 * width, width)
            .linear(block + ".mlp.fc2", width, 4 * width);
      }
      before = width;
    }
    return shapes
        .norm(trunk + "head.norm", before)
        .put("visual.head.proj.weight", embeddingSize, before)
        .toMap();
  }

  /** The convolutional stem widens the image before it shrinks. */
  @Override
  public long bytesPerImage() {
    return Float.BYTES * 64 * 3L * imageSize * imageSize;
  }

  @Override
  public ConvNext newTower(
      PixelNormalization normalization,
      Map<String, NDArray> parameters,
      NDManager manager,
      Precision precision,
      TowerOptions options) {
    return new ConvNext(this, normalization, parameters, manager, precision, options);
  }

  @Override
  public <R> R match(Function<VitConfig, R> transformer, Function<ConvNextConfig, R> convNext) {
    return convNext.apply(this);
  }
}
