package dev.fare.training.loss;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.fare.Cosine;
import dev.fare.torch.Autograd;

/** Cross-entropy of the scaled cosines between an image and the classes. */
record CrossEntropy(NDArray classEmbeddings, double scale) implements EmbeddingLoss {

  CrossEntropy {
    Shape shape = requireNonNull(classEmbeddings, "classEmbeddings").getShape();
    if (shape.dimension() != 2 || shape.get(0) < 2) {
      throw new IllegalArgumentException(
          "class embeddings must be [K,D] with at least 2 classes, got " + shape);
    }
  }

  @Override
  public NDArray losses(NDArray embeddings, Targets targets) {
    NDArray labels = targets.labels(classEmbeddings.getShape().get(0));
    NDArray directions = Cosine.normalize(embeddings); // first: the result is its manager's
    NDArray classes = classEmbeddings.toDevice(embeddings.getDevice(), false);
    NDArray cosines = directions.matMul(Cosine.normalize(classes).transpose());
    NDArray logProbabilities = Autograd.scaled(cosines, scale).logSoftmax(1); // [N,K]
    return logProbabilities.gather(labels.expandDims(1), 1).squeeze(1).neg();
  }

  @Override
  public String toString() {
    return "CrossEntropy[classes=" + classEmbeddings.getShape().get(0) + ", scale=" + scale + "]";
  }
}
