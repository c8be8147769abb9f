package dev.fare.models.format;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.types.Shape;
import dev.fare.image.PixelNormalization;
import dev.fare.models.text.TextConfig;
import dev.fare.models.vision.VisionConfig;
import java.util.LinkedHashMap;
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

  /**
   * The tensors of both towers, vision first, by OpenAI's names: every reader maps to these, and
   * every model takes its weights in this order.
   */
  public LinkedHashMap<String, Shape> tensors() {
    LinkedHashMap<String, Shape> tensors = vision.tensors();
    text.ifPresent(tower -> tensors.putAll(tower.tensors()));
    return tensors;
  }
}
