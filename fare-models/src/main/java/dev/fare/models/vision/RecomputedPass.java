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
 * @param module whose script runs in parts: {@code parts_for}, {@code run_parts}, {@code
 *     first_part}, {@code part_gradients}
 */
record RecomputedPass(TowerModule module) {

  NDArray embed(NDArray pixels) {
    if (!isRecorded(pixels)) {
      return module.embed(pixels);
    }
    NDList results = run(pixels);
    NDList embedding = new NDList(results.get(results.size() - 1));
    return record(pixels, results, embedding).singletonOrThrow();
  }

  NDList embedWithTokens(NDArray pixels) {
    if (!isRecorded(pixels)) {
      return module.embedWithTokens(pixels);
    }
    NDList results = run(pixels);
    int last = results.size() - 1;
    NDList recorded = record(pixels, results, new NDList(results.get(last), results.get(last - 1)));
    return new NDList(recorded.get(0), recorded.get(1).get(new NDIndex(":, 1:")));
  }

  private boolean isRecorded(NDArray pixels) {
    try (NDArray recorded = module.call("is_recorded", pixels)) {
      return recorded.getBoolean();
    }
  }

  private NDList run(NDArray pixels) {
    try (NDArray parts = module.call("parts_for", pixels);
        GradMode off = GradMode.noGrad()) {
      return module.callAll("run_parts", pixels, parts);
    }
  }

  private NDList record(NDArray pixels, NDList results, NDList values) {
    List<NDArray> inputs = new ArrayList<>();
    inputs.add(pixels);
    inputs.addAll(module.parameters().values());
    return CustomGradient.record(
        values, inputs, (gradients, found) -> backward(pixels, results, gradients, found));
  }

  /** From the last part to the first that anybody asks a gradient of. */
  private void backward(
      NDArray pixels, NDList results, NDList gradients, InputGradients inputGradients) {
    NDArray gradient = gradients.get(0);
    int last = results.size() - 1;
    int input = 1 + module.parameters().size();
    try (NDManager call = pixels.getManager().newSubManager(Device.cpu())) {
      NDArray parts = call.create((long) results.size());
      int first = firstPart(pixels, parts);
      for (int part = last; part >= first; part--) {
        NDArray before = part == 0 ? pixels : results.get(part - 1);
        NDList found = partGradients(before, gradient, call.create((long) part), parts);
        results.get(part).close();
        gradient.close();
        // the first of all are mean and standard deviation, which are no weights
        for (int i = found.size() - 1; i >= 1 && input > 1; i--) {
          inputGradients.add(--input, found.get(i));
        }
        gradient = found.get(0);
        if (part == last && gradients.size() > 1) {
          gradient = sum(gradient, gradients.get(1));
        }
      }
      if (first == 0) {
        inputGradients.add(0, gradient);
      }
    }
  }

  private int firstPart(NDArray pixels, NDArray parts) {
    try (NDArray first = module.call("first_part", pixels, parts)) {
      return (int) first.getLong();
    }
  }

  /** Of what stands before the part and of its weights; without elements where there is none. */
  private NDList partGradients(NDArray before, NDArray gradient, NDArray part, NDArray parts) {
    try (GradMode on = GradMode.enableGrad()) {
      return module.callAll("part_gradients", before, gradient, part, parts);
    }
  }

  private static NDArray sum(NDArray a, NDArray b) {
    if (a.size() == 0 || b.size() == 0) {
      return a.size() == 0 ? b : a;
    }
    return a.add(b);
  }
}
