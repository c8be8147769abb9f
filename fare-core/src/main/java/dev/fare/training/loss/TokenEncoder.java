package dev.fare.training.loss;

import ai.djl.ndarray.NDArray;
import dev.fare.ImageEncoder;

/**
 * An encoder whose patch tokens can be trained besides its embedding: vision-language models read
 * tokens, which a loss on the embedding alone leaves free to move.
 */
public interface TokenEncoder extends ImageEncoder {

  /**
   * Embeds a batch of images and gives the tokens on the way, in one forward pass.
   *
   * @param pixels {@code [N,3,H,W]} float32 in [0,1]
   * @return both recorded wherever {@link #embed} would be
   */
  EmbeddedTokens embedWithTokens(NDArray pixels);

  /**
   * What one forward pass gives.
   *
   * @param embedding {@code [N,D]}
   * @param tokens {@code [N,T,C]}, one for each patch, as a vision-language model reads them
   */
  record EmbeddedTokens(NDArray embedding, NDArray tokens) {}
}
