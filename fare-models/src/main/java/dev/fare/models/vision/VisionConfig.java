package dev.fare.models.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.Precision;
import dev.fare.image.PixelNormalization;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * The architecture of a vision tower.
 *
 * <p>What differs between architectures is asked here, or decided in {@link #match}, so that the
 * compiler names every place that a new one must be added to.
 */
public sealed interface VisionConfig permits VitConfig, ConvNextConfig {

  /** What the names of a vision tower's tensors start with. */
  String PREFIX = "visual.";

  /** The height and width of the images, in pixels. */
  int imageSize();

  /** The length of an embedding. */
  int embeddingSize();

  /** The same architecture for images of another size. */
  VisionConfig withImageSize(int imageSize);

  /** The number of blocks, or of stages in a ConvNeXt. */
  int depth();

  /** Whether the first token stands for the whole image. */
  boolean hasClassToken();

  /**
   * The shape {@code [T,C]} of an image's tokens after some of the blocks, the class token included
   * where there is one.
   *
   * @param depth from 0 to {@link #depth()}
   */
  Shape hiddenShape(int depth);

  /**
   * The tensors from input to output, by the names of OpenAI, open_clip and timm: the order in
   * which a tower takes them.
   */
  LinkedHashMap<String, Shape> tensors();

  /** The table of positions that images of another size need anew. */
  default Optional<PositionTable> positions() {
    return Optional.empty();
  }

  /** The most bytes that one image takes inside a tower at once, without gradients. */
  long bytesPerImage();

  /**
   * A tower with weights.
   *
   * @param normalization applied to the pixels first
   * @param parameters in the order of {@link #tensors}, owned by {@code manager}
   * @param manager the owner of everything native, which the tower closes
   * @param options as {@code RobustClipEncoder.Builder} describes them
   */
  VisionTower newTower(
      PixelNormalization normalization,
      Map<String, NDArray> parameters,
      NDManager manager,
      Precision precision,
      TowerOptions options);

  /** What one architecture needs and another does not, outside of this package. */
  <R> R match(Function<VitConfig, R> transformer, Function<ConvNextConfig, R> convNext);
}
