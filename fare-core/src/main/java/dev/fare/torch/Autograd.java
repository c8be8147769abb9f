package dev.fare.torch;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Functional gradients: the derivative of a loss with respect to exactly the arrays that are named.
 *
 * <p>Record with {@link GradMode#enableGrad()}: DJL switches recording off on the thread that
 * starts its engine. Nothing is accumulated anywhere and nothing is shared, so any number of
 * threads may differentiate at the same time.
 */
public final class Autograd {

  private Autograd() {}

  private static final class Script {
    static final TorchModule MODULE =
        TorchModule.compile(
            TorchSource.resource(Autograd.class, "autograd.py"),
            "Autograd",
            Map.of(),
            Device.cpu());
  }

  static TorchModule module() {
    return Script.MODULE;
  }

  /**
   * A new leaf of the graph with the same values: what a gradient can be asked for.
   *
   * @param values any float array; its storage is shared, its history is not
   * @return an array of the same manager that requires a gradient
   */
  public static NDArray leaf(NDArray values) {
    NDArray leaf = values.stopGradient();
    leaf.setRequiresGradient(true);
    return leaf;
  }

  /**
   * An array times a number, where the product may be differentiated.
   *
   * <p>DJL's {@code mul}, {@code div}, {@code pow}, {@code maximum} and {@code minimum} of a number
   * put it into memory that the garbage collector may take as soon as they return, though the
   * backward pass reads it again: recorded by them, a gradient is wrong once in a while. {@code
   * add} and {@code sub} of a number, and products of arrays that are still open, are safe. On a
   * GPU each of them makes the host wait, and this does not.
   *
   * @return of the array's shape and manager
   */
  public static NDArray scaled(NDArray array, double factor) {
    return withNumbers("scaled", array, factor);
  }

  /** An array plus a number, where it may be differentiated; see {@link #scaled}. */
  public static NDArray plus(NDArray array, double addend) {
    return withNumbers("plus", array, addend);
  }

  /** The larger of each value and a number, where it may be differentiated; see {@link #scaled}. */
  public static NDArray clampMin(NDArray array, double least) {
    return withNumbers("at_least", array, least);
  }

  /** Each value between two numbers, where it may be differentiated; see {@link #scaled}. */
  public static NDArray clip(NDArray array, double least, double most) {
    return withNumbers("clip", array, least, most);
  }

  private static NDArray withNumbers(String method, NDArray array, double... numbers) {
    return Script.MODULE.call(method, numbers, array);
  }

  /**
   * d(loss)/d(input), after which the graph is released.
   *
   * @param loss a scalar that was computed from {@code input} with grad mode on
   * @param input a {@link #leaf} or an intermediate result
   * @return the gradient, in the shape of the input, owned by the loss's manager
   * @throws IllegalStateException if the loss was not computed from the input by differentiable
   *     operations
   */
  public static NDArray gradient(NDArray loss, NDArray input) {
    checkScalar(loss);
    if (CustomGradient.isAnyRecorded() && isRecorded(loss)) {
      NDArray found = CustomGradient.gradients(loss, List.of(input))[0];
      if (found == null) {
        throw notConnected();
      }
      return found;
    }
    NDList gradient = Script.MODULE.callAll("gradient", loss, input);
    if (gradient.isEmpty()) {
      throw notConnected();
    }
    return gradient.singletonOrThrow();
  }

  /**
   * The gradients of a scalar with respect to several arrays, in their order; zeros for an array
   * that the loss does not depend on.
   *
   * @throws IllegalStateException if the loss was computed without recording
   */
  public static NDList gradients(NDArray loss, List<NDArray> inputs) {
    checkScalar(loss);
    if (CustomGradient.isAnyRecorded() && isRecorded(loss)) {
      @Nullable NDArray[] found = CustomGradient.gradients(loss, inputs);
      NDList all = new NDList();
      for (int i = 0; i < inputs.size(); i++) {
        NDArray gradient = found[i];
        all.add(gradient == null ? inputs.get(i).zerosLike() : gradient);
      }
      return all;
    }
    NDList gradients = Script.MODULE.callList("gradients", List.of(loss), inputs);
    if (gradients.isEmpty()) {
      throw notConnected();
    }
    return gradients;
  }

  /**
   * Adds the gradients of a scalar to sums, in place. Where the backward pass is a {@link
   * CustomGradient}, each gradient is freed as soon as it is added.
   *
   * @param sums one for each input, of its shape and device
   * @throws IllegalStateException if the loss was computed without recording
   */
  public static void addGradients(NDArray loss, List<NDArray> inputs, List<NDArray> sums) {
    checkScalar(loss);
    if (sums.size() != inputs.size()) {
      throw new IllegalArgumentException(
          "there must be one sum for each of " + inputs.size() + " inputs, got " + sums.size());
    }
    if (CustomGradient.isAnyRecorded() && isRecorded(loss)) {
      CustomGradient.addGradients(loss, inputs, sums);
      return;
    }
    try (NDList gradients = gradients(loss, inputs)) {
      accumulate(sums, gradients);
    }
  }

  /** Adds arrays to others of the same shapes and device, in place. */
  public static void accumulate(List<NDArray> sums, List<NDArray> addends) {
    List<NDArray> both = new ArrayList<>(sums);
    both.addAll(addends);
    try (GradMode off = GradMode.noGrad()) {
      Script.MODULE.callList("accumulate", List.of(), both).close();
    }
  }

  /**
   * Whether an array is part of a recorded computation, so that a gradient can flow through it.
   * (DJL's own {@code hasGradient} knows of leaves only.)
   */
  public static boolean isRecorded(NDArray array) {
    try (NDArray recorded = Script.MODULE.call("is_recorded", array)) {
      return recorded.getBoolean();
    }
  }

  private static void checkScalar(NDArray loss) {
    if (loss.size() != 1) {
      throw new IllegalArgumentException(
          "the loss must be a scalar, got shape " + loss.getShape() + "; sum or average it first");
    }
  }

  /** What a script that differentiates by itself throws if it finds nothing to differentiate. */
  public static IllegalStateException notConnected() {
    return new IllegalStateException(
        "the loss is not connected to the input by differentiable operations: the model must be"
            + " computed with NDArray or TorchScript operations on the array it is given, with grad"
            + " mode on, without rounding, detaching or leaving the engine in between (DJL's"
            + " duplicate() detaches, and so does NDArrays.concat of a list with a single array)");
  }
}
