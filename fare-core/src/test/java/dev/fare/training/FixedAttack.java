package dev.fare.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.Attack;
import dev.fare.AttackResult;
import dev.fare.Objective;

/** Finds the images it was given. */
record FixedAttack(NDArray images) implements Attack {

  @Override
  public AttackResult perturb(Objective objective, NDArray pixels) {
    NDArray found = images.duplicate();
    Shape each = new Shape(pixels.getShape().get(0));
    return new AttackResult(
        found,
        found,
        pixels.getManager().zeros(each),
        pixels.getManager().zeros(each, DataType.BOOLEAN));
  }

  @Override
  public AttackResult perturb(Objective objective, NDArray pixels, NDArray start) {
    return perturb(objective, pixels);
  }
}
