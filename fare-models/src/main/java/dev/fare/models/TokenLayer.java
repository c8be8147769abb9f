package dev.fare.models;

import ai.djl.ndarray.types.Shape;
import dev.fare.models.vision.VisionConfig;
import java.util.Locale;

/**
 * Which tokens of a vision tower a pipeline takes.
 *
 * @param depth after how many blocks (of a ConvNeXt: stages), as an index into the hidden states: 0
 *     is the embedded patches; negative numbers count from the end, −1 being the last block's
 *     output
 * @param postNorm whether the tower's final layer normalisation is applied
 * @param classToken whether the class token stays, in front
 */
public record TokenLayer(int depth, boolean postNorm, boolean classToken) {

  /** LLaVA-1.5 and LLaVA-NeXT: {@code hidden_states[-2]}, patch tokens, no normalisation. */
  public static final TokenLayer LLAVA = new TokenLayer(-2, false, false);

  /** OpenFlamingo: the last block's patch tokens, before {@code ln_post}. */
  public static final TokenLayer OPEN_FLAMINGO = new TokenLayer(-1, false, false);

  /** open_clip from 2.23 on: the last block's patch tokens after {@code ln_post}. */
  public static final TokenLayer LAST_POST_NORM = new TokenLayer(-1, true, false);

  /** {@code hidden_states[index]} in Hugging Face's counting: patch tokens, no normalisation. */
  public static TokenLayer layer(int index) {
    return new TokenLayer(index, false, false);
  }

  /**
   * A layer by its name, as configurations and URLs write it.
   *
   * @param name {@code llava}, {@code open_flamingo}, {@code last_post_norm}, or the index of a
   *     hidden state such as {@code -2}
   */
  public static TokenLayer parse(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "llava" -> LLAVA;
      case "open_flamingo" -> OPEN_FLAMINGO;
      case "last_post_norm" -> LAST_POST_NORM;
      default -> {
        if (!name.matches("-?[0-9]{1,4}")) {
          throw new IllegalArgumentException(
              "tokens must be llava, open_flamingo, last_post_norm or the index of a hidden state,"
                  + " got "
                  + name);
        }
        yield layer(Integer.parseInt(name));
      }
    };
  }

  /** The same tokens with the class token in front. */
  public TokenLayer withClassToken() {
    return new TokenLayer(depth, postNorm, true);
  }

  /** The same tokens after the tower's final layer normalisation. */
  public TokenLayer withPostNorm() {
    return new TokenLayer(depth, true, classToken);
  }

  /**
   * How many blocks of a tower run before these tokens.
   *
   * @throws IllegalArgumentException if the tower has no such layer, or no class token where one is
   *     wanted
   */
  public int depthIn(VisionConfig tower) {
    int layers = tower.depth();
    if (classToken && !tower.hasClassToken()) {
      throw new IllegalArgumentException(
          "there is no class token in " + tower + "; take tokens without it");
    }
    int blocks = depth < 0 ? layers + 1 + depth : depth;
    if (blocks < 0 || blocks > layers) {
      throw new IllegalArgumentException(
          "layer "
              + depth
              + " is not among the hidden states of a tower of "
              + layers
              + " blocks; allowed is "
              + -(layers + 1)
              + " to "
              + layers);
    }
    return blocks;
  }

  /**
   * The shape {@code [T,C]} of these tokens of one image.
   *
   * @throws IllegalArgumentException if the tower has no such layer, or no class token where one is
   *     wanted
   */
  public Shape shapeIn(VisionConfig tower) {
    Shape all = tower.hiddenShape(depthIn(tower));
    boolean isWhole = classToken || !tower.hasClassToken();
    return isWhole ? all : new Shape(all.get(0) - 1, all.get(1));
  }
}
