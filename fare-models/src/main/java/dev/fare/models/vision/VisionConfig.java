package dev.fare.models.vision;

/** The architecture of a vision tower. */
public sealed interface VisionConfig permits VitConfig, ConvNextConfig {

  /** The height and width of the images, in pixels. */
  int imageSize();

  /** The length of an embedding. */
  int embeddingSize();

  /** The same architecture for images of another size. */
  VisionConfig withImageSize(int imageSize);
}
