package dev.fare.models.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import dev.fare.torch.CustomGradient;
import dev.fare.torch.GradMode;
import java.util.ArrayList;
import java.util.List;

/**
 * Activation checkpointing (Chen et al., 2016): a pass that keeps the tokens between its blocks,
 * and a backward pass that computes each block again before it differentiates it.
 */
final class RecomputedPass {

  /** Mean and standard deviation stand before the weights and are never trained. */
  private static final int CONSTANTS = 2;

  private RecomputedPass() {}

  static NDArray embed(TowerModule module, NDArray pixels) {
    if (!isRecorded(module, pixels)) {
      return module.embed(pixels);
    }
    NDList parts = forward(module, pixels);
    NDList embedding = new NDList(parts.get(parts.size() - 1));
    return record(module, pixels, parts, embedding).singletonOrThrow();
  }

  static NDList embedWithTokens(TowerModule module, NDArray pixels) {
    if (!isRecorded(module, pixels)) {
      return module.embedWithTokens(pixels);
    }
    NDList parts = forward(module, pixels);
    NDList both = new NDList(parts.get(parts.size() - 1), parts.get(parts.size() - 2));
    NDList recorded = record(module, pixels, parts, both);
    return new NDList(recorded.get(0), recorded.get(1).get(new NDIndex(":, 1:")));
  }

  private static boolean isRecorded(TowerModule module, NDArray pixels) {
    try (NDArray recorded = module.call("is_recorded", pixels)) {
      return recorded.getBoolean();
    }
  }

  private static NDList forward(TowerModule module, NDArray pixels) {
    try (GradMode off = GradMode.off()) {
      return module.callAll("embed_in_parts", pixels);
    }
  }

  private static NDList record(TowerModule module, NDArray pixels, NDList parts, NDList values) {
    List<NDArray> inputs = new ArrayList<>();
    inputs.add(pixels);
    inputs.addAll(module.parameters().values());
    return CustomGradient.record(
        values, inputs, gradients -> backward(module, pixels, parts, gradients));
  }

  private static NDList backward(
      TowerModule module, NDArray pixels, NDList parts, NDList gradients) {
    NDArray ofEmbedding = gradients.get(0);
    NDArray ofTokens =
        gradients.size() > 1 ? gradients.get(1) : pixels.getManager().create(new float[0]);
    NDList found;
    try (GradMode on = GradMode.on()) {
      List<NDArray> inputs = List.of(pixels, ofEmbedding, ofTokens);
      found = module.callList("backward_in_parts", inputs, parts.subList(0, parts.size() - 1));
    }
    NDList ofInputs = new NDList(found.get(0));
    ofInputs.addAll(found.subList(1 + CONSTANTS, found.size()));
    return ofInputs;
  }
}
