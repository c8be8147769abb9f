package dev.fare.torch;

import static java.util.Objects.requireNonNull;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Arrays whose gradient is computed by a function of the caller's, not by libtorch from its record
 * of how they were made. {@link Autograd} goes through them like through any other operation.
 *
 * <p>A network that keeps only some of its intermediate results and computes the others again in
 * the backward pass is such a function: that is what this is for.
 */
public final class CustomGradient {

  /** What is recorded on a thread; libtorch's own mode of recording is a thread's, too. */
  private static final ThreadLocal<List<CustomGradient>> TAPE =
      ThreadLocal.withInitial(ArrayList::new);

  private final NDList leaves;
  private final List<NDArray> inputs;
  private final Backward backward;

  private CustomGradient(NDList leaves, List<NDArray> inputs, Backward backward) {
    this.leaves = leaves;
    this.inputs = List.copyOf(inputs);
    this.backward = backward;
  }

  /** The backward pass of what was computed. */
  @FunctionalInterface
  public interface Backward {

    /**
     * Gradients of the inputs for gradients of the outputs.
     *
     * @param outputGradients one for each output, an array of no elements where there is none
     * @return one for each input in their order, an array of no elements where there is none: of an
     *     input that is not recorded there must be none
     */
    NDList gradients(NDList outputGradients);
  }

  /**
   * Records values with the function that will be their backward pass; call with grad mode on.
   *
   * <p>The gradient must be asked for on the same thread, before the scope or the manager that owns
   * the values is closed; once asked for, it is forgotten, as libtorch forgets a graph.
   *
   * @param values computed from the inputs, not recorded
   * @param inputs recorded or not
   * @param backward called at most once
   * @return the values, recorded, owned by their managers
   */
  public static NDList record(NDList values, List<NDArray> inputs, Backward backward) {
    NDList leaves = new NDList();
    NDList recorded = new NDList();
    for (NDArray value : values) {
      NDArray leaf = Autograd.variable(value);
      leaves.add(leaf);
      // the caller may close what it is given
      recorded.add(leaf.reshape(leaf.getShape()));
    }
    List<CustomGradient> tape = TAPE.get();
    tape.removeIf(CustomGradient::isReleased);
    tape.add(new CustomGradient(leaves, inputs, requireNonNull(backward, "backward")));
    return recorded;
  }

  private boolean isReleased() {
    return leaves.stream().anyMatch(leaf -> ((PtNDArray) leaf).isReleased());
  }

  /** Whether this thread has recorded something that a gradient might go through. */
  static boolean isAnyRecorded() {
    List<CustomGradient> tape = TAPE.get();
    tape.removeIf(CustomGradient::isReleased);
    return !tape.isEmpty();
  }

  /** The gradients of a scalar, null where it does not depend on the input. */
  static @Nullable NDArray[] gradients(NDArray loss, List<NDArray> inputs) {
    List<CustomGradient> nodes = List.copyOf(TAPE.get());
    List<NDArray> wanted = new ArrayList<>(inputs);
    nodes.forEach(node -> wanted.addAll(node.leaves));
    @Nullable NDArray[] sums = new NDArray[wanted.size()];
    try (GradMode off = GradMode.off()) {
      pullBack(List.of(loss), List.of(loss.onesLike()), wanted, sums);
      // what was recorded later may depend on what was recorded before, never the other way round
      int end = sums.length;
      for (int i = nodes.size() - 1; i >= 0; i--) {
        CustomGradient node = nodes.get(i);
        int first = end - node.leaves.size();
        NDList ofOutputs = new NDList();
        boolean depends = false;
        for (int j = first; j < end; j++) {
          NDArray sum = sums[j];
          depends |= sum != null;
          ofOutputs.add(sum == null ? loss.getManager().create(new float[0]) : sum);
        }
        if (depends) {
          TAPE.get().remove(node);
          node.pullBack(ofOutputs, wanted, sums);
        }
        end = first;
      }
    }
    return sums;
  }

  private void pullBack(NDList ofOutputs, List<NDArray> wanted, @Nullable NDArray[] sums) {
    NDList ofInputs = backward.gradients(ofOutputs);
    if (ofInputs.size() != inputs.size()) {
      throw new IllegalStateException(
          "a backward pass must give one gradient for each of "
              + inputs.size()
              + " inputs, got "
              + ofInputs.size());
    }
    List<NDArray> roots = new ArrayList<>();
    List<NDArray> seeds = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      if (ofInputs.get(i).size() > 0) {
        roots.add(inputs.get(i));
        seeds.add(ofInputs.get(i));
      }
    }
    if (!roots.isEmpty()) {
      pullBack(roots, seeds, wanted, sums);
    }
  }

  private static void pullBack(
      List<NDArray> roots, List<NDArray> seeds, List<NDArray> wanted, @Nullable NDArray[] sums) {
    List<NDArray> tensors = new ArrayList<>(roots);
    tensors.addAll(seeds);
    tensors.addAll(wanted);
    NDManager owner = roots.get(0).getManager();
    NDList found;
    try (NDManager call = owner.newSubManager(Device.cpu());
        NDArray count = call.create((long) roots.size())) {
      found = Autograd.module().callList("pull_back", List.of(count), tensors);
      found.attach(seeds.get(0).getManager());
    }
    for (int i = 0; i < sums.length; i++) {
      NDArray sum = sums[i];
      NDArray more = found.get(i);
      if (more.size() > 0) {
        sums[i] = sum == null ? more : sum.add(more);
      } else {
        more.close();
      }
    }
  }
}
