package dev.fare.models;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.Classifier;
import dev.fare.Cosine;
import dev.fare.ImageEncoder;
import dev.fare.torch.CallGuard;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import java.util.List;

/**
 * Classes by their names: logits are {@code scale · cos(image, class)} (Radford et al., 2021,
 * section 3.1).
 *
 * <p>The class embeddings are computed once. Differentiable with respect to the pixels; safe for
 * use from many threads. The encoder stays its owner's.
 */
public final class ZeroShotClassifier implements Classifier, AutoCloseable {

  private final ImageEncoder encoder;
  private final List<String> classNames;
  private final NDManager manager;
  private final CallGuard guard = new CallGuard("classifier");
  private final NDArray classEmbeddings; // [D, K], unit columns times the logit scale

  /**
   * Puts a classifier together.
   *
   * @param encoder of images; closed by its owner, not by this classifier
   * @param classNames K names, for reports
   * @param classEmbeddings {@code [K,D]} on any device; copied to the encoder's and normalised
   * @param logitScale the temperature's inverse, 100 for OpenAI's weights
   */
  public ZeroShotClassifier(
      ImageEncoder encoder, List<String> classNames, NDArray classEmbeddings, double logitScale) {
    this.encoder = encoder;
    this.classNames = List.copyOf(classNames);
    manager = NDManager.newBaseManager(encoder.device(), "PyTorch");
    try (TensorScope scope = TensorScope.of(classEmbeddings)) {
      NDArray columns =
          Cosine.normalize(classEmbeddings.stopGradient()).transpose().mul(logitScale);
      this.classEmbeddings =
          scope.keep(columns.duplicate().toDevice(encoder.device(), false), manager);
    }
  }

  @Override
  public NDArray logits(NDArray pixels) {
    try (CallGuard.Call call = guard.enter();
        NDArray embeddings = encoder.embed(pixels);
        NDArray unit = Cosine.normalize(embeddings)) {
      return unit.matMul(classEmbeddings);
    }
  }

  /** The encoder's. */
  @Override
  public Device device() {
    return encoder.device();
  }

  /** The names in the order of the logits. */
  public List<String> classNames() {
    return classNames;
  }

  /**
   * The classes as supervised training takes them.
   *
   * @param owner frees them
   * @return {@code [K,D]}, unit rows in the order of the logits
   */
  public NDArray classEmbeddings(NDManager owner) {
    try (CallGuard.Call call = guard.enter();
        TensorScope scope = TensorScope.of(owner)) {
      NDArray rows = scope.view(classEmbeddings).transpose(); // [D, K] -> [K, D]
      return scope.keep(Cosine.normalize(rows), owner);
    }
  }

  /** The same classes seen through another encoder: the text tower's side is shared. */
  public ZeroShotClassifier withImageEncoder(ImageEncoder other) {
    try (CallGuard.Call call = guard.enter()) {
      return new ZeroShotClassifier(other, classNames, classEmbeddings.transpose(), logitScale());
    }
  }

  private double logitScale() {
    try (TensorScope scope = TensorScope.of(classEmbeddings)) {
      return Host.floats(classEmbeddings.square().sum(new int[] {0}).sqrt().mean())[0];
    }
  }

  @Override
  public String toString() {
    return "ZeroShotClassifier[%s classes, %s]".formatted(classNames.size(), encoder);
  }

  @Override
  public void close() {
    guard.close(manager::close);
  }
}
