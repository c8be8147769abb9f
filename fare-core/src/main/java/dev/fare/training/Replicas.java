package dev.fare.training;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Copies of the trained encoder on further devices, each with a copy of the original. */
final class Replicas implements AutoCloseable {

  private final TrainableEncoder leader;
  private final List<TrainableEncoder> followers;
  private final List<TrainableEncoder> originals = new ArrayList<>();

  /** Brings all to the leader's weights, which are the original's still. */
  Replicas(TrainableEncoder leader, List<TrainableEncoder> followers) {
    this.leader = leader;
    this.followers = followers;
    followers.forEach(this::checkSameArchitecture);
    follow();
    followers.forEach(follower -> originals.add(follower.copy()));
  }

  private void checkSameArchitecture(TrainableEncoder follower) {
    if (follower == leader) {
      throw new IllegalArgumentException("the trained encoder can't be a replica of itself");
    }
    Map<String, NDArray> ours = leader.parameters();
    Map<String, NDArray> theirs = follower.parameters();
    boolean same = List.copyOf(ours.keySet()).equals(List.copyOf(theirs.keySet()));
    if (!same || !shapes(ours).equals(shapes(theirs))) {
      throw new IllegalArgumentException(
          "a replica must have the weights of the trained encoder, by name, order and shape");
    }
  }

  private static List<?> shapes(Map<String, NDArray> weights) {
    return weights.values().stream().map(NDArray::getShape).toList();
  }

  List<FareStep> mathematics(StepPlan plan) {
    List<FareStep> steps = new ArrayList<>();
    for (int i = 0; i < followers.size(); i++) {
      steps.add(plan.mathematics(followers.get(i), originals.get(i)));
    }
    return steps;
  }

  /** Brings the followers to the leader's weights. */
  void follow() {
    List<NDArray> weights = List.copyOf(leader.parameters().values());
    for (TrainableEncoder follower : followers) {
      OptimizerScript.copy(weights, List.copyOf(follower.parameters().values()));
    }
  }

  @Override
  public void close() {
    originals.forEach(TrainableEncoder::close);
  }
}
