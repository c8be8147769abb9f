package dev.fare.vlm;

import ai.djl.ndarray.NDArray;
import dev.fare.image.ClipPreprocessing;
import dev.fare.vlm.language.GenerationOptions;
import java.util.List;

/**
 * A model that reads prompts with images among their words and writes on: what an attack, an
 * evaluation or a host needs of it, whichever way the images reach the words.
 *
 * <p>A host's own model may implement it. Everything but the choice of tokens is differentiable to
 * the pixels; results belong to the manager of the first array.
 */
public interface VisionLanguageModel extends AutoCloseable {

  /** The height and width of the images, in pixels. */
  int imageSize();

  /** How pictures become pixels. */
  ClipPreprocessing preprocessing();

  /**
   * Prompts with the texts that should follow, each a whole answer with its end token.
   *
   * @param prompts in which {@code <image>} stands for an image
   */
  PromptBatch batch(List<String> prompts, List<String> texts);

  /**
   * What the language model gets of images.
   *
   * @param pixels {@code [M,3,S,S]} float32 in [0,1]
   * @return {@code [M,T,W]}
   */
  NDArray visualTokens(NDArray pixels);

  /**
   * How well the model expects the texts of a batch.
   *
   * @param visualTokens {@code [M,T,W]} of all images in the order of the prompts
   * @return {@code [N,2]}: the mean cross-entropy of each text, and 1 where greedy decoding would
   *     write it
   */
  NDArray textLosses(PromptBatch batch, NDArray visualTokens);

  /**
   * Goes on with prompts, {@code <image>} standing for an image.
   *
   * @param pixels {@code [M,3,S,S]} float32 in [0,1], all images in the order of the prompts
   * @param listener gets the texts piece by piece as they are written
   * @return a text for each prompt, without what ended it
   */
  List<String> generate(
      NDArray pixels, List<String> prompts, GenerationOptions options, TextListener listener);

  @Override
  void close();
}
