package dev.fare;

/** Watches an attack; called on the attack's thread after each iteration. */
@FunctionalInterface
public interface AttackListener {

  /**
   * An iteration has ended.
   *
   * @param progress valid until this method returns
   */
  void onStep(AttackProgress progress);
}
