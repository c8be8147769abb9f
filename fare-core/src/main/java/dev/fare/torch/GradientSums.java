package dev.fare.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The gradients of what is wanted, summed up while a backward pass goes from node to node. */
final class GradientSums {

  /** The place of what is wanted twice. */
  private static final int NOT_ALONE = -1;

  private final NDManager owner;
  private final List<NDArray> wanted = new ArrayList<>();
  private final Map<NDArray, Integer> places = new IdentityHashMap<>();
  private final List<@Nullable NDArray> sums = new ArrayList<>();

  /** Whether a sum is nobody else's tensor, so that it can be added to in place. */
  private final List<Boolean> own = new ArrayList<>();

  private final int asked;

  /**
   * Starts with nothing.
   *
   * @param owner of what is found
   */
  GradientSums(NDManager owner, List<NDArray> wanted) {
    this.owner = owner;
    want(wanted);
    asked = wanted.size();
  }

  /** Wants more. */
  void want(List<NDArray> more) {
    for (NDArray array : more) {
      if (places.putIfAbsent(array, wanted.size()) != null) {
        places.put(array, NOT_ALONE);
      }
      wanted.add(array);
      sums.add(null);
      own.add(false);
    }
  }

  int size() {
    return wanted.size();
  }

  /** Goes on from sums of the caller's, one for each array wanted first. */
  void addTo(List<NDArray> arrays) {
    for (int i = 0; i < asked; i++) {
      sums.set(i, arrays.get(i));
      own.set(i, true);
    }
  }

  /** What was found for the arrays wanted first, null where there is nothing. */
  @Nullable NDArray[] found() {
    return sums.subList(0, asked).toArray(new NDArray[0]);
  }

  /** What was found for some that were wanted, which is no longer kept here. */
  NDList take(int first, int count) {
    NDList taken = new NDList();
    for (int i = first; i < first + count; i++) {
      NDArray sum = sums.set(i, null);
      taken.add(sum == null ? owner.zeros(new Shape(0)) : sum);
    }
    return taken;
  }

  /** Goes back by libtorch's own record, and through nothing that keeps none. */
  void backward(List<NDArray> roots, List<NDArray> seeds) {
    List<NDArray> tensors = new ArrayList<>(roots);
    tensors.addAll(seeds);
    tensors.addAll(wanted);
    NDList found = Autograd.module().callList("pull_back", new double[] {roots.size()}, tensors);
    found.attach(owner);
    for (int i = 0; i < found.size(); i++) {
      // libtorch may give the same tensor for several
      add(i, found.get(i), false);
    }
  }

  /** Adds a gradient, which may be kept as the sum or is closed. */
  private void add(int place, NDArray gradient, boolean isOwn) {
    NDArray sum = sums.get(place);
    if (gradient.size() == 0) {
      gradient.close();
    } else if (sum == null) {
      sums.set(place, gradient);
      own.set(place, isOwn);
    } else if (own.get(place)) {
      sum.addi(gradient);
      gradient.close();
    } else {
      sums.set(place, sum.add(gradient));
      own.set(place, true);
      sum.close();
      gradient.close();
    }
  }

  /** Goes back through a function. */
  void backward(List<NDArray> inputs, CustomGradient.Backward backward, NDList ofOutputs) {
    int[] direct = direct(inputs);
    @Nullable NDArray[] others = new NDArray[inputs.size()];
    backward.backward(
        ofOutputs,
        (input, gradient) -> {
          if (direct[input] >= 0) {
            add(direct[input], gradient, true);
          } else if (gradient.size() > 0) {
            NDArray before = others[input];
            others[input] = before == null ? gradient : before.add(gradient);
          }
        });
    List<NDArray> roots = new ArrayList<>();
    List<NDArray> seeds = new ArrayList<>();
    for (int i = 0; i < others.length; i++) {
      NDArray gradient = others[i];
      if (gradient != null) {
        roots.add(inputs.get(i));
        seeds.add(gradient);
      }
    }
    if (!roots.isEmpty()) {
      backward(roots, seeds);
    }
  }

  /** For each input its place among the wanted if the way ends there, else negative. */
  private int[] direct(List<NDArray> inputs) {
    boolean[] leaves;
    try (NDList answer = Autograd.module().callList("are_leaves", List.of(), inputs)) {
      leaves = answer.singletonOrThrow().toBooleanArray();
    }
    int[] direct = new int[inputs.size()];
    for (int i = 0; i < direct.length; i++) {
      Integer place = places.get(inputs.get(i));
      direct[i] = place == null || !leaves[i] ? NOT_ALONE : place;
    }
    return direct;
  }
}
