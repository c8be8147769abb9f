package dev.fare.vlm.llava;

import static java.util.Objects.requireNonNull;

import dev.fare.models.TokenLayer;

/**
 * How a LLaVA joins its parts.
 *
 * @param visualTokens which tokens of the vision tower the projector takes
 * @param imageToken the id that stands for an image in a prompt; it may lie outside of the
 *     vocabulary
 * @param padToken the id that fills up shorter prompts of a batch, which nobody looks at
 * @param padsToSquare whether pictures get bars up to a square, as in the original code, or are
 *     cropped to their centre, as Hugging Face's processor does by default
 */
public record LlavaConfig(
    TokenLayer visualTokens, int imageToken, int padToken, boolean padsToSquare) {

  /** What stands for an image in a prompt's text. */
  public static final String IMAGE = "<image>";

  /** Checks what is there. */
  public LlavaConfig {
    requireNonNull(visualTokens, "visualTokens");
  }

  LlavaConfig withPadsToSquare(boolean pads) {
    return new LlavaConfig(visualTokens, imageToken, padToken, pads);
  }
}
