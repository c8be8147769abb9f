package dev.fare.examples.llava;

import ai.djl.ndarray.NDArray;
import dev.fare.Objective;
import dev.fare.torch.GradMode;

/**
 * How far an attacker can move what the language model reads.
 *
 * @param clean {@code [N,T,W]}, the tokens of the untouched images
 */
record TokenDrift(LlavaPipeline<?> pipeline, NDArray clean) implements Objective {

  /** Away from what images {@code [N,3,S,S]} are read as. */
  static TokenDrift from(LlavaPipeline<?> pipeline, NDArray pixels) {
    try (GradMode off = GradMode.noGrad()) {
      return new TokenDrift(pipeline, pipeline.visualTokens(pixels));
    }
  }

  /** The length of the tokens' change at other pixels, relative to the tokens' length. */
  double at(NDArray pixels) {
    try (GradMode off = GradMode.noGrad()) {
      float moved = losses(forward(pixels)).sum().getFloat();
      return Math.sqrt(moved / clean.square().sum().getFloat());
    }
  }

  @Override
  public NDArray forward(NDArray pixels) {
    return pipeline.visualTokens(pixels);
  }

  @Override
  public NDArray losses(NDArray tokens) {
    return tokens.sub(clean).square().sum(new int[] {1, 2});
  }
}
