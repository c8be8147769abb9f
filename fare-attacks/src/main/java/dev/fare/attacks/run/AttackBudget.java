package dev.fare.attacks.run;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.fare.AttackControl;
import dev.fare.AttackCost;
import dev.fare.AttackResult;
import dev.fare.AttackResult.StopReason;
import dev.fare.torch.TensorScope;
import java.util.Optional;

/** Counts what an attack spends, and says when it must stop. */
public final class AttackBudget {

  private final AttackControl control;
  private final NDManager manager;
  private final long startNanos = System.nanoTime();
  private NDArray nonFinite;
  private NDArray zeroStarts;
  private long forwards;
  private long backwards;
  private Optional<StopReason> stopReason = Optional.empty();

  /**
   * Starts counting.
   *
   * @param manager lives as long as the attack
   */
  AttackBudget(AttackControl control, NDManager manager) {
    this.control = control;
    this.manager = manager;
    nonFinite = manager.create(0L);
    zeroStarts = manager.create(0L);
  }

  void forward(long images) {
    forwards += images;
  }

  void backward(long images) {
    backwards += images;
  }

  /** Adds a count that is still on the device. */
  void nonFinite(NDArray count, TensorScope step) {
    NDArray sum = step.keep(nonFinite.add(count), manager);
    nonFinite.close();
    nonFinite = sum;
  }

  /** Counts images whose gradient {@code [N,...]} at a start is zero, without waiting. */
  public void startGradient(NDArray gradient, TensorScope step) {
    NDArray rows = gradient.reshape(gradient.getShape().get(0), -1);
    NDArray count = rows.abs().sum(new int[] {1}).eq(0).toType(DataType.INT64, false).sum();
    zeroStarts(count, step);
  }

  private void zeroStarts(NDArray count, TensorScope step) {
    NDArray sum = step.keep(zeroStarts.add(count), manager);
    zeroStarts.close();
    zeroStarts = sum;
  }

  /** Whether the attack must end now with what it has. */
  public boolean mustStop() {
    if (stopReason.isEmpty()) {
      stopReason = control.check(System.nanoTime() - startNanos, forwards);
    }
    return stopReason.isPresent();
  }

  /** What a part of the attack may spend. */
  public AttackControl remaining() {
    return control.remaining(System.nanoTime() - startNanos, forwards);
  }

  /** Adds what a part of the attack has spent, and whether it had to stop. */
  public void spent(AttackResult part) {
    forwards += part.cost().forwards();
    backwards += part.cost().backwards();
    try (TensorScope scope = TensorScope.of(manager)) {
      nonFinite(scope.manager().create(part.cost().nonFiniteGradients()), scope);
      zeroStarts(scope.manager().create(part.cost().zeroStartGradients()), scope);
    }
    if (stopReason.isEmpty() && part.stopReason() != StopReason.COMPLETED) {
      stopReason = Optional.of(part.stopReason());
    }
  }

  public StopReason stopReason() {
    return stopReason.orElse(StopReason.COMPLETED);
  }

  /** What was spent so far; waits for the device. */
  public AttackCost cost() {
    return new AttackCost(forwards, backwards, nonFinite.getLong(), zeroStarts.getLong());
  }
}
