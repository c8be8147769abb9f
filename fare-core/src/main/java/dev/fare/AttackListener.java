package dev.fare;

/** Watches an attack; called on the attack's thread after each step. */
@FunctionalInterface
public interface AttackListener {

  /**
   * A step has ended.
   *
   * @param progress valid until this method returns
   */
  void onStep(AttackProgress progress);
}
