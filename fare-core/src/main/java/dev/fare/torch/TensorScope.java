package dev.fare.torch;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;

/**
 * Frees every array that this thread creates while the scope is open, except those that are kept.
 *
 * <p>In DJL an array belongs to the manager of the first operand, so {@code weights.mul(pixels)}
 * would live as long as the weights. Here it lives until the scope ends, whoever the manager is.
 * Scopes nest; close them in the order opposite to opening, on the same thread.
 *
 * <pre>{@code
 * try (TensorScope scope = TensorScope.of(pixels)) {
 *   NDArray embedding = encoder.embed(pixels);
 *   return scope.keep(embedding.norm(), pixels.getManager());
 * }
 * }</pre>
 */
public final class TensorScope implements AutoCloseable {

  private final NDManager manager;
  private final NDScope created = new NDScope();

  private TensorScope(NDManager manager) {
    this.manager = manager;
  }

  /** A scope whose own manager is a child of the array's manager, on the same device. */
  public static TensorScope of(NDArray array) {
    return of(array.getManager());
  }

  /** A scope whose own manager is a child of the given one, on the same device. */
  public static TensorScope of(NDManager parent) {
    return new TensorScope(parent.newSubManager());
  }

  /** A scope on a device, with a manager of its own. */
  public static TensorScope on(Device device) {
    return new TensorScope(NDManager.newBaseManager(device, "PyTorch"));
  }

  /** The manager for arrays that are created inside the scope. */
  public NDManager manager() {
    return manager;
  }

  /** An alias of the array, so that what is computed from it belongs to this scope. */
  public NDArray view(NDArray array) {
    NDArray view = array.stopGradient();
    view.attach(manager);
    return view;
  }

  /**
   * Lets an array outlive this scope and every enclosing one.
   *
   * @param array created inside this scope
   * @param owner the manager that frees it later
   * @return the same array
   */
  public NDArray keep(NDArray array, NDManager owner) {
    NDScope.unregister(array);
    array.attach(owner);
    return array;
  }

  /** Frees what was created and not kept. */
  @Override
  public void close() {
    created.close();
    manager.close();
  }
}
