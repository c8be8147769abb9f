package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.AttackCost;
import dev.fare.AttackResult.StopReason;
import dev.fare.torch.TensorScope;
import java.util.Optional;

/** Counts what an attack spends, and says when it must stop. */
final class Meter {

  private final AttackControl control;
  private final NDManager manager;
  private final long startNanos = System.nanoTime();
  private NDArray nonFinite;
  private long forwards;
  private long backwards;
  private Optional<StopReason> stopReason = Optional.empty();

  /**
   * Starts counting.
   *
   * @param manager lives as long as the attack
   */
  Meter(AttackControl control, NDManager manager) {
    this.control = control;
    this.manager = manager;
    nonFinite = manager.create(0L);
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

  /** Whether the attack must end now with what it has. */
  boolean mustStop() {
    if (stopReason.isEmpty()) {
      stopReason = control.check(System.nanoTime() - startNanos, forwards);
    }
    return stopReason.isPresent();
  }

  StopReason stopReason() {
    return stopReason.orElse(StopReason.COMPLETED);
  }

  /** What was spent so far; waits for the device. */
  AttackCost cost() {
    return new AttackCost(forwards, backwards, nonFinite.getLong());
  }
}
