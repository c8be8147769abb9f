package dev.fare.models.vision;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.fare.torch.CustomGradient;
import dev.fare.torch.CustomGradient.InputGradients;
import dev.fare.torch.GradMode;
import java.util.ArrayList;
import java.util.List;

/**
 * Activation checkpointing (Chen et al., 2016): a pass that keeps the results of its parts, and a
 * backward pass that computes each part again before it differentiates it, and lets go of what it
 * no longer needs.
 *
 * @param module whose script runs in parts: {@code run_parts}, {@code part_gradients}
 * @param parts how many there are
 */
record RecomputedPass(TowerModule module, int parts) {

  NDArray embed(NDArray pixels) {
    if (!isRecorded(pixels)) {
      return module.embed(pixels);
    }
    NDList results = run(pixels);
    NDList embedding = new NDList(results.get(parts - 1));
    return record(pixels, results, embedding).singletonOrThrow();
  }

  NDList embedWithTokens(NDArray pixels) {
    if (!isRecorded(pixels)) {
      return module.embedWithTokens(pixels);
    }
    NDList results = run(pixels);
    NDList both = new NDList(results.get(parts - 1), results.get(parts - 2));
    NDList recorded = record(pixels, results, both);
    return new NDList(recorded.get(0), recorded.get(1).get(new NDIndex(":, 1:")));
  }

  private boolean isRecorded(NDArray pixels) {
    try (NDArray recorded = module.call("is_recorded", pixels)) {
      return recorded.getBoolean();
    }
  }

  private NDList run(NDArray pixels) {
    try (GradMode off = GradMode.off()) {
      return module.callAll("run_parts", pixels);
    }
  }

  private NDList record(NDArray pixels, NDList results, NDList values) {
    List<NDArray> inputs = new ArrayList<>();
    inputs.add(pixels);
    inputs.addAll(module.parameters().values());
    return CustomGradient.record(
        values, inputs, (gradients, found) -> pullBack(pixels, results, gradients, found));
  }

  /** From the last part to the first that anybody asks a gradient of. */
  private void pullBack(
      NDArray pixels, NDList results, NDList gradients, InputGradients inputGradients) {
    NDArray gradient = gradients.get(0);
    int first = firstPart(pixels);
    int input = 1 + module.parameters().size();
    for (int part = parts - 1; part >= first; part--) {
      NDArray before = part == 0 ? pixels : results.get(part - 1);
      NDList found = partGradients(part, before, gradient);
      results.get(part).close();
      gradient.close();
      // the first of all are mean and standard deviation, which are no weights
      for (int i = found.size() - 1; i >= 1 && input > 1; i--) {
        inputGradients.add(--input, found.get(i));
      }
      gradient = found.get(0);
      if (part == parts - 1 && gradients.size() > 1) {
        gradient = sum(gradient, gradients.get(1));
      }
    }
    if (first == 0) {
      inputGradients.add(0, gradient);
    }
  }

  private int firstPart(NDArray pixels) {
    try (NDArray first = module.call("first_part", pixels)) {
      return (int) first.getLong();
    }
  }

  /** Of what stands before the part and of its weights; without elements where there is none. */
  private NDList partGradients(int part, NDArray before, NDArray gradient) {
    try (NDManager call = before.getManager().newSubManager(Device.cpu());
        NDArray number = call.create((long) part);
        GradMode on = GradMode.on()) {
      return module.callAll("part_gradients", before, gradient, number);
    }
  }

  private static NDArray sum(NDArray a, NDArray b) {
    if (a.size() == 0 || b.size() == 0) {
      return a.size() == 0 ? b : a;
    }
    return a.add(b);
  }
}
