package dev.fare.examples.llava;

import ai.djl.modality.cv.Image;
import ai.djl.ndarray.NDArray;
import dev.fare.Attack;
import dev.fare.Objective;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;

/**
 * How far an attacker can move what the language model reads.
 *
 * @param clean {@code [N,T,W]}, the tokens of the untouched images
 */
record TokenDrift(LlavaPipeline<?> pipeline, NDArray clean) implements Objective {

  /**
   * The length of the tokens' change under attack, relative to the tokens' length.
   *
   * @param scope frees what is made
   */
  static double of(LlavaPipeline<?> pipeline, Image picture, Attack attack, TensorScope scope) {
    NDArray pixels = pipeline.pixels(picture, scope.manager());
    NDArray clean;
    try (GradMode off = GradMode.off()) {
      clean = pipeline.visualTokens(pixels);
    }
    TokenDrift drift = new TokenDrift(pipeline, clean);
    NDArray attacked = attack.perturb(drift, pixels).images();
    try (GradMode off = GradMode.off()) {
      float moved = drift.losses(drift.forward(attacked)).getFloat();
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
