package dev.fare.training;

import ai.djl.ndarray.NDArray;
import dev.fare.training.weights.WeightScript;
import java.io.Closeable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Copies of the trained encoder on further devices, each with a copy of the original. */
final class Replicas implements Closeable {

  private final TrainableEncoder leader;
  private final List<TrainableEncoder> followers;
  private final List<TrainableEncoder> originals = new ArrayList<>();

  private Replicas(TrainableEncoder leader, List<TrainableEncoder> followers) {
    this.leader = leader;
    this.followers = followers;
  }

  /**
   * Brings the followers, if there are any, to the leader's weights, each with a copy of the
   * original beside it. They have been {@link #check checked}.
   */
  static Replicas of(
      TrainableEncoder leader, TrainableEncoder original, List<TrainableEncoder> followers) {
    Replicas replicas = new Replicas(leader, followers);
    try {
      for (TrainableEncoder follower : followers) {
        replicas.originals.add(follower.copy());
      }
      replicas.originals.forEach(copy -> copyWeights(original, copy));
      replicas.follow();
      return replicas;
    } catch (RuntimeException | Error e) {
      replicas.close();
      throw e;
    }
  }

  /**
   * Refuses a follower that does not compute what the leader does.
   *
   * @throws IllegalArgumentException if its weights' names or shapes, its precision or its image
   *     size are others
   */
  static void check(TrainableEncoder leader, TrainableEncoder follower) {
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
    if (follower.precision() != leader.precision() || follower.imageSize() != leader.imageSize()) {
      throw new IllegalArgumentException(
          "a replica must have the trained encoder's precision and image size, "
              + leader.precision()
              + " and "
              + leader.imageSize()
              + ", got "
              + follower.precision()
              + " and "
              + follower.imageSize());
    }
  }

  private static List<?> shapes(Map<String, NDArray> weights) {
    return weights.values().stream().map(NDArray::getShape).toList();
  }

  List<FareStep> steps(StepPlan plan) {
    List<FareStep> steps = new ArrayList<>();
    for (int i = 0; i < followers.size(); i++) {
      steps.add(plan.stepFor(followers.get(i), originals.get(i)));
    }
    return steps;
  }

  /** Brings the followers to the leader's weights. */
  void follow() {
    followers.forEach(follower -> copyWeights(leader, follower));
  }

  private static void copyWeights(TrainableEncoder from, TrainableEncoder to) {
    WeightScript.copy(
        List.copyOf(from.parameters().values()), List.copyOf(to.parameters().values()));
  }

  @Override
  public void close() {
    originals.forEach(TrainableEncoder::close);
  }
}
