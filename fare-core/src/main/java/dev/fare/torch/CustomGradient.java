package dev.fare.torch;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
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
     * Gives the gradients of the inputs for gradients of the outputs.
     *
     * @param outputGradients one for each output, an array of no elements where there is none
     * @param inputGradients takes what is found, in any order
     */
    void backward(NDList outputGradients, InputGradients inputGradients);
  }

  /** Takes the gradients of the inputs as they are found, and closes them when they are used up. */
  @FunctionalInterface
  public interface InputGradients {

    /**
     * Adds to the gradient of an input; an input that nothing is added to has none.
     *
     * @param input its number
     * @param gradient in its shape, given away: nobody else may hold its storage, since what comes
     *     later may be added to it in place; an array of no elements is nothing
     */
    void add(int input, NDArray gradient);
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
      NDArray leaf = Autograd.leaf(value);
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
    GradientSums sums = new GradientSums(loss.getManager(), inputs);
    pullBackAll(loss, sums);
    return sums.found();
  }

  /** Adds the gradients of a scalar to arrays of the caller's. */
  static void addGradients(NDArray loss, List<NDArray> inputs, List<NDArray> to) {
    GradientSums sums = new GradientSums(loss.getManager(), inputs);
    sums.addTo(to);
    pullBackAll(loss, sums);
  }

  private static void pullBackAll(NDArray loss, GradientSums sums) {
    List<CustomGradient> nodes = List.copyOf(TAPE.get());
    for (CustomGradient node : nodes) {
      sums.want(node.leaves);
    }
    try (GradMode off = GradMode.noGrad()) {
      sums.backward(List.of(loss), List.of(loss.onesLike()));
      // what was recorded later may depend on what was recorded before, never the other way round
      int first = sums.size();
      for (int i = nodes.size() - 1; i >= 0; i--) {
        CustomGradient node = nodes.get(i);
        first -= node.leaves.size();
        NDList ofOutputs = sums.take(first, node.leaves.size());
        if (ofOutputs.stream().anyMatch(gradient -> gradient.size() > 0)) {
          TAPE.get().remove(node);
          sums.backward(node.inputs, node.backward, ofOutputs);
        }
      }
    }
  }
}
