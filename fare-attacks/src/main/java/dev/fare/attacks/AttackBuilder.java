package dev.fare.attacks;

import static java.util.Objects.requireNonNull;

import dev.fare.AttackControl;
import dev.fare.AttackListener;
import dev.fare.ThreatModel;
import org.jspecify.annotations.Nullable;

/**
 * The settings that all attacks have.
 *
 * @param <B> the attack's own builder
 */
public abstract sealed class AttackBuilder<B extends AttackBuilder<B>> implements Cloneable
    permits RestartingAttackBuilder, AutoAttack.Builder {

  final ThreatModel threatModel;
  long seed;
  @Nullable AttackListener listener;
  AttackControl control = AttackControl.unlimited();

  AttackBuilder(ThreatModel threatModel) {
    this.threatModel = requireNonNull(threatModel, "threatModel");
  }

  abstract B self();

  /** The attack's own settings, as {@code name=value, ...}. */
  abstract String describe();

  @Override
  public final String toString() {
    return threatModel + ", seed=" + seed + ", " + describe();
  }

  /** A builder with the same settings, so that an attack keeps its own. */
  @SuppressWarnings("unchecked") // a clone is of the same class
  B copy() {
    try {
      return ((AttackBuilder<B>) clone()).self();
    } catch (CloneNotSupportedException e) {
      throw new AssertionError(e);
    }
  }

  /** Takes over the settings that all attacks have. */
  B common(AttackBuilder<?> from) {
    seed = from.seed;
    listener = from.listener;
    control = from.control;
    return self();
  }

  /** Where random draws come from; 0 by default. */
  public final B seed(long seed) {
    this.seed = seed;
    return self();
  }

  /** Who is told after each step; nobody by default. */
  public final B listener(AttackListener listener) {
    this.listener = requireNonNull(listener, "listener");
    return self();
  }

  /** What can end the attack early; nothing by default. */
  public final B control(AttackControl control) {
    this.control = requireNonNull(control, "control");
    return self();
  }

  static int atLeast(int least, String name, int value) {
    if (value < least) {
      throw new IllegalArgumentException(name + " must be at least " + least + ", got " + value);
    }
    return value;
  }

  static double positive(String name, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(name + " must be positive and finite, got " + value);
    }
    return value;
  }

  static double inUnitInterval(String name, double value) {
    if (!(value > 0 && value <= 1)) {
      throw new IllegalArgumentException(name + " must be in (0, 1], got " + value);
    }
    return value;
  }
}
