package dev.fare;

import static dev.fare.AttackResult.StopReason.CANCELLED;
import static dev.fare.AttackResult.StopReason.FORWARD_LIMIT;
import static dev.fare.AttackResult.StopReason.TIME_LIMIT;

import dev.fare.AttackResult.StopReason;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Ends attacks early: on demand from another thread, after a time, or after a number of queries.
 *
 * <p>An attack looks at it between steps and then returns the best it has; {@code
 * AttackResult.stopReason()} says why. Limits count for each {@code perturb} call on its own;
 * cancellation holds for all calls from then on.
 */
public final class AttackControl {

  private final long nanos;
  private final long forwards;
  private final AtomicBoolean cancelled;

  private AttackControl(long nanos, long forwards, AtomicBoolean cancelled) {
    this.nanos = nanos;
    this.forwards = forwards;
    this.cancelled = cancelled;
  }

  /** No limits; it can still be cancelled. */
  public static AttackControl unlimited() {
    return new AttackControl(Long.MAX_VALUE, Long.MAX_VALUE, new AtomicBoolean());
  }

  /**
   * The same limits and a time; cancelling either control cancels both.
   *
   * @throws IllegalArgumentException if not positive
   */
  public AttackControl withTimeLimit(Duration limit) {
    if (limit.isZero() || limit.isNegative()) {
      throw new IllegalArgumentException("the time limit must be positive, got " + limit);
    }
    return new AttackControl(limit.toNanos(), forwards, cancelled);
  }

  /**
   * The same limits and a number of images that may go through the model in one {@code perturb}
   * call. The step that passes the number is completed.
   *
   * @throws IllegalArgumentException if not positive
   */
  public AttackControl withForwardLimit(long images) {
    if (images < 1) {
      throw new IllegalArgumentException("the forward limit must be at least 1, got " + images);
    }
    return new AttackControl(nanos, images, cancelled);
  }

  /** Ends every attack that uses this control; may be called from any thread. */
  public void cancel() {
    cancelled.set(true);
  }

  /** Whether {@link #cancel} was called. */
  public boolean isCancelled() {
    return cancelled.get();
  }

  public Optional<StopReason> check(long elapsedNanos, long spentForwards) {
    if (cancelled.get()) {
      return Optional.of(CANCELLED);
    }
    if (elapsedNanos >= nanos) {
      return Optional.of(TIME_LIMIT);
    }
    return spentForwards >= forwards ? Optional.of(FORWARD_LIMIT) : Optional.empty();
  }

  /** What is left of the limits for a part of an attack. */
  public AttackControl remaining(long elapsedNanos, long spentForwards) {
    return new AttackControl(
        nanos == Long.MAX_VALUE ? nanos : Math.max(nanos - elapsedNanos, 0),
        forwards == Long.MAX_VALUE ? forwards : Math.max(forwards - spentForwards, 0),
        cancelled);
  }
}
