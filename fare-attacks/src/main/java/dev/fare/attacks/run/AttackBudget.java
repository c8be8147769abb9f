package dev.fare.attacks.run;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.AttackControl;
import dev.fare.AttackCost;
import dev.fare.AttackResult;
import dev.fare.AttackResult.StopReason;
import dev.fare.attacks.tensor.Kernels;
import dev.fare.torch.Host;
import dev.fare.torch.TensorScope;
import java.util.Optional;

/** Counts what an attack spends, and says when it must stop. */
public final class AttackBudget {

  private final AttackControl control;
  private final NDManager manager;
  private final long startNanos = System.nanoTime();
  private NDArray nonFinite;
  private NDArray zeroStarts;
  private long nonFiniteOfParts;
  private long zeroStartsOfParts;
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
    nonFinite = manager.zeros(new Shape(), DataType.INT64);
    zeroStarts = manager.zeros(new Shape(), DataType.INT64);
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
    NDArray sum = step.keep(zeroStarts.add(Kernels.zeroRows(gradient)), manager);
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
    nonFiniteOfParts += part.cost().nonFiniteGradients();
    zeroStartsOfParts += part.cost().zeroStartGradients();
    if (stopReason.isEmpty() && part.stopReason() != StopReason.COMPLETED) {
      stopReason = Optional.of(part.stopReason());
    }
  }

  public StopReason stopReason() {
    return stopReason.orElse(StopReason.COMPLETED);
  }

  /** What was spent so far; waits for the device. */
  public AttackCost cost() {
    return cost(Host.doubles(counts()));
  }

  /** What {@link #cost} reads, so that the host can read it together with other things. */
  public NDList counts() {
    return new NDList(nonFinite, zeroStarts);
  }

  /**
   * What was spent so far, where the host has read {@link #counts} already.
   *
   * @param read begins with them
   */
  public AttackCost cost(double[] read) {
    long nonFiniteGradients = nonFiniteOfParts + (long) read[0];
    long zeroStartGradients = zeroStartsOfParts + (long) read[1];
    return new AttackCost(forwards, backwards, nonFiniteGradients, zeroStartGradients);
  }
}
