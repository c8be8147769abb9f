package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import com.google.gson.JsonObject;
import dev.fare.Classifier;

/** The classifiers that the recorded runs attacked. */
public final class TinyModels {

  private TinyModels() {}

  public static Classifier of(NDManager manager, JsonObject models, String name) {
    JsonObject weights = models.getAsJsonObject(name);
    return weights.has("fc1.weight") ? mlp(manager, weights) : conv(manager, weights);
  }

  /**
   * The same classifier, one image at a time: matrix products round differently for another number
   * of rows, and then not even a result that depends on no other image is the same bit by bit.
   */
  public static Classifier imageByImage(Classifier model) {
    return pixels -> {
      long count = pixels.getShape().get(0);
      NDArray logits = model.logits(pixels.get(":1"));
      for (long i = 1; i < count; i++) {
        logits = logits.concat(model.logits(pixels.get(new NDIndex("{}:{}", i, i + 1))));
      }
      return logits;
    };
  }

  private static Classifier mlp(NDManager manager, JsonObject json) {
    NDArray first = Vectors.tensor(manager, json.get("fc1.weight")).transpose();
    NDArray firstBias = Vectors.tensor(manager, json.get("fc1.bias"));
    NDArray second = Vectors.tensor(manager, json.get("fc2.weight")).transpose();
    NDArray secondBias = Vectors.tensor(manager, json.get("fc2.bias"));
    return pixels ->
        pixels
            .reshape(pixels.getShape().get(0), -1)
            .matMul(first)
            .add(firstBias)
            .tanh()
            .matMul(second)
            .add(secondBias);
  }

  private static Classifier conv(NDManager manager, JsonObject json) {
    NDArray kernel = Vectors.tensor(manager, json.get("conv.weight"));
    NDArray kernelBias = Vectors.tensor(manager, json.get("conv.bias"));
    NDArray linear = Vectors.tensor(manager, json.get("fc.weight")).transpose();
    NDArray linearBias = Vectors.tensor(manager, json.get("fc.bias"));
    return pixels ->
        Activation.relu(
                Conv2d.conv2d(pixels, kernel, kernelBias, new Shape(2, 2), new Shape(1, 1))
                    .singletonOrThrow())
            .reshape(pixels.getShape().get(0), -1)
            .matMul(linear)
            .add(linearBias);
  }
}
