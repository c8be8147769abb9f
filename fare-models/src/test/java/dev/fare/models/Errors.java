package dev.fare.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.models.vision.VisionTower;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;

/**
 * How far one tower is from another.
 *
 * @param embedding length of the difference of the embeddings, as a share of the embeddings'
 * @param gradient the same of the gradients of the squared embedding with respect to the pixels
 */
public record Errors(double embedding, double gradient) {

  public static Errors between(VisionTower tower, VisionTower exact, NDArray images) {
    try (NDManager manager = images.getManager().newSubManager();
        GradMode on = GradMode.enableGrad()) {
      NDArray pixels = Autograd.leaf(images);
      NDArray other = Autograd.leaf(images);
      pixels.attach(manager);
      other.attach(manager);
      NDArray actual = tower.embed(pixels);
      NDArray expected = exact.embed(other);
      NDArray slope = Autograd.gradient(actual.square().sum(), pixels);
      NDArray expectedSlope = Autograd.gradient(expected.square().sum(), other);
      return new Errors(
          share(actual.stopGradient(), expected.stopGradient()), share(slope, expectedSlope));
    }
  }

  static double share(NDArray actual, NDArray expected) {
    return actual.sub(expected).norm().getFloat() / expected.norm().getFloat();
  }
}
