package dev.fare.models.text;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.types.Shape;
import dev.fare.models.transformer.Activation;
import dev.fare.models.transformer.WeightShapes;
import java.util.LinkedHashMap;
import java.util.OptionalInt;

/**
 * The architecture of CLIP's text transformer.
 *
 * @param contextLength tokens of a text, padding included; 77 in all published CLIPs
 * @param vocabularySize number of token ids
 * @param width length of a token
 * @param layers number of transformer blocks
 * @param heads number of attention heads in a block
 * @param mlpWidth inner width of a block's MLP
 * @param embeddingSize length of an embedding
 * @param activation of the MLPs
 * @param layerNormEpsilon of every layer normalisation
 * @param endToken the id whose first occurrence carries the embedding; where absent, the largest id
 *     of the row does, as in OpenAI's code
 */
public record TextConfig(
    int contextLength,
    int vocabularySize,
    int width,
    int layers,
    int heads,
    int mlpWidth,
    int embeddingSize,
    Activation activation,
    double layerNormEpsilon,
    OptionalInt endToken) {

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if a size is not positive, the width is not a multiple of the
   *     heads, or the end token is not in the vocabulary
   */
  public TextConfig {
    requireNonNull(activation, "activation");
    int smallest =
        Math.min(
            Math.min(Math.min(contextLength, vocabularySize), Math.min(width, layers)),
            Math.min(Math.min(heads, mlpWidth), embeddingSize));
    if (smallest < 1
        || width % heads != 0
        || !(layerNormEpsilon > 0)
        || (endToken.isPresent()
            && (endToken.getAsInt() < 0 || endToken.getAsInt() >= vocabularySize))) {
      throw new IllegalArgumentException(
          "a text transformer needs positive sizes, a width that its heads divide and an end token"
              + " of its vocabulary, got contextLength "
              + contextLength
              + ", vocabularySize "
              + vocabularySize
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
              + layerNormEpsilon
              + ", endToken "
              + endToken);
    }
  }

  /** The same architecture with another non-linearity. */
  public TextConfig withActivation(Activation other) {
    return new TextConfig(
        contextLength,
        vocabularySize,
        width,
        layers,
        heads,
        mlpWidth,
        embeddingSize,
        other,
        layerNormEpsilon,
        endToken);
  }

  /** The tensors from input to output by OpenAI's names, then the logit scale. */
  public LinkedHashMap<String, Shape> tensors() {
    return new WeightShapes()
        .put("token_embedding.weight", vocabularySize, width)
        .put("positional_embedding", contextLength, width)
        .blocks("transformer.resblocks", layers, width, mlpWidth)
        .norm("ln_final", width)
        .put("text_projection", width, embeddingSize)
        .put("logit_scale")
        .toMap();
  }
}
