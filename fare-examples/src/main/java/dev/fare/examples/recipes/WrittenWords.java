package dev.fare.examples.recipes;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.models.llava.LlavaModel;
import java.util.List;
import java.util.Optional;

/**
 * Words across a picture, as posters and screenshots have them. An image of 48 pixels has no room
 * for letters: the words are added to the visual tokens, each as the language model knows it.
 */
final class WrittenWords {

  /**
   * Words on a picture.
   *
   * @param sentence the words
   * @param first the visual token that the first one is added to
   * @param strength length of what is added, relative to the visual token's
   */
  record Writing(String sentence, double first, double strength) {}

  private final LlavaModel llava;

  WrittenWords(LlavaModel llava) {
    this.llava = llava;
  }

  /**
   * Writes.
   *
   * @param tokens {@code [N,T,W]} as the language model reads them
   * @param writing for each of the N pictures; {@code first} is a share in [0,1) of the places that
   *     leave room for the sentence, what does not fit is cut off
   * @return the same shape
   */
  NDArray writeOn(NDArray tokens, List<Optional<Writing>> writing) {
    int pictures = writing.size();
    int places = Math.toIntExact(tokens.getShape().get(1));
    long[] ids = new long[pictures * places];
    float[] strengths = new float[pictures * places];
    for (int picture = 0; picture < pictures; picture++) {
      Writing written = writing.get(picture).orElse(null);
      if (written != null) {
        long[] words = llava.tokenizer().encodeFurther(written.sentence());
        int length = Math.min(words.length, places);
        int first = (int) (written.first() * (places - length + 1));
        for (int i = 0; i < length; i++) {
          ids[picture * places + first + i] = words[i];
          strengths[picture * places + first + i] = (float) written.strength();
        }
      }
    }
    NDManager manager = tokens.getManager();
    Shape shape = new Shape(pictures, places);
    NDArray words = llava.languageModel().embed(manager.create(ids, shape)); // [N, T, W]
    NDArray ratio = length(tokens.stopGradient()).div(length(words.stopGradient()));
    NDArray scale = manager.create(strengths, shape).expandDims(2).mul(ratio); // [N, T, 1]
    return tokens.add(words.mul(scale));
  }

  private static NDArray length(NDArray vectors) {
    return vectors.square().sum(new int[] {2}, true).sqrt();
  }
}
