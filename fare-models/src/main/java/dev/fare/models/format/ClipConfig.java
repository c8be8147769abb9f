package dev.fare.models.format;

import static java.util.Objects.requireNonNull;

import dev.fare.image.PixelNormalization;
import dev.fare.models.text.TextConfig;
import dev.fare.models.vision.VisionConfig;
import java.util.Optional;

/**
 * The architecture of a CLIP model, whatever layout it was read from.
 *
 * @param vision the vision tower
 * @param text the text tower, absent for a checkpoint of the vision tower alone
 * @param normalization what is applied to pixels inside the vision tower
 */
public record ClipConfig(
    VisionConfig vision, Optional<TextConfig> text, PixelNormalization normalization) {

  /**
   * Checks that both towers meet in one space.
   *
   * @throws IllegalArgumentException if the towers' embedding sizes differ
   */
  public ClipConfig {
    requireNonNull(vision, "vision");
    requireNonNull(normalization, "normalization");
    int size = vision.embeddingSize();
    text.ifPresent(
        tower -> {
          if (tower.embeddingSize() != size) {
            throw new IllegalArgumentException(
                "both towers must have one embedding size, got "
                    + size
                    + " for vision and "
                    + tower.embeddingSize()
                    + " for text");
          }
        });
  }
}
