package dev.fare.examples.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.fare.models.vision.VitConfig;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A step of FARE as the authors' code makes it, operation by operation, in float32: what one would
 * run without this library.
 */
final class OriginalStep implements AutoCloseable {

  private static final double EPSILON = 4 / 255.0;
  private static final double STEP_SIZE = 1 / 255.0;
  private static final double MOMENTUM = 0.9;
  private static final int ITERATIONS = 10;

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final PlainTower original;
  private final PlainTower tower;
  private final NDArray updates;
  private final List<NDArray> moments = new ArrayList<>();

  /**
   * Starts with the weights given.
   *
   * @param weights copied
   */
  OriginalStep(VitConfig config, Map<String, NDArray> weights) {
    original = new PlainTower(config, copies(weights), Set.of());
    Map<String, NDArray> trained = copies(weights);
    trained.values().forEach(weight -> weight.setRequiresGradient(true));
    tower = new PlainTower(config, trained, Set.of());
    updates = manager.create(0f);
    for (int i = 0; i < 2; i++) {
      for (NDArray weight : tower.weights()) {
        NDArray moment = manager.zeros(weight.getShape());
        moments.add(moment);
      }
    }
  }

  private Map<String, NDArray> copies(Map<String, NDArray> weights) {
    Map<String, NDArray> copies = new LinkedHashMap<>();
    weights.forEach(
        (name, weight) -> {
          NDArray copy = weight.duplicate();
          copy.attach(manager);
          copies.put(name, copy);
        });
    return copies;
  }

  /** One update on a batch {@code [N,3,S,S]}; returns the loss. */
  float run(NDArray images) {
    try (TensorScope scope = TensorScope.of(images);
        GradMode off = GradMode.noGrad()) {
      NDArray x = scope.view(images);
      NDArray reference = original.embed(x);
      NDArray adversarial = attack(x, reference);
      try (GradMode on = GradMode.enableGrad()) {
        tower.embed(x); // asked for by its options of other losses, and paid for without
        NDArray loss = distances(tower.embed(adversarial), reference).mean();
        update(Autograd.gradients(loss, tower.weights()));
        return loss.getFloat();
      }
    }
  }

  private static NDArray distances(NDArray embeddings, NDArray reference) {
    return embeddings.sub(reference).square().sum(new int[] {1});
  }

  private NDArray attack(NDArray x, NDArray reference) {
    NDManager owner = x.getManager();
    NDArray perturbation =
        owner.randomUniform((float) -EPSILON, (float) EPSILON, x.getShape(), x.getDataType());
    NDArray velocity = x.zerosLike();
    for (int i = 0; i < ITERATIONS; i++) {
      try (TensorScope scope = TensorScope.of(owner)) {
        NDArray gradient = gradient(x, scope.view(perturbation), reference);
        if (gradient.isNaN().any().getBoolean()) {
          throw new IllegalStateException("the gradient has NaN");
        }
        velocity = velocity.mul(MOMENTUM).add(gradient.sign()).sign();
        NDArray moved = perturbation.add(velocity.mul(STEP_SIZE)).clip(-EPSILON, EPSILON);
        perturbation = scope.keep(x.add(moved).clip(0, 1).sub(x), owner);
        scope.keep(velocity, owner);
      }
    }
    return x.add(perturbation);
  }

  private NDArray gradient(NDArray x, NDArray perturbation, NDArray reference) {
    try (GradMode on = GradMode.enableGrad()) {
      NDArray variable = Autograd.leaf(perturbation);
      NDArray loss = distances(tower.embed(x.add(variable)), reference).mean();
      return Autograd.gradient(loss, variable);
    }
  }

  private void update(NDList gradients) {
    List<NDArray> tensors = new ArrayList<>(tower.weights());
    tensors.addAll(gradients);
    tensors.addAll(moments);
    try (GradMode off = GradMode.noGrad();
        NDArray numbers = manager.create(new double[] {1e-5, 1e-4})) {
      tower.adamW(numbers, updates, tensors);
    }
  }

  @Override
  public void close() {
    tower.close();
    original.close();
    manager.close();
  }
}
