package dev.fare.training;

import ai.djl.ndarray.NDArray;
import dev.fare.torch.Autograd;
import dev.fare.training.loss.LossInputs;
import dev.fare.training.loss.TrainingLoss;
import java.util.concurrent.atomic.AtomicInteger;

/** FARE's loss, which is no number the n-th time it is asked for, counted from 1. */
record Poisoned(int at, AtomicInteger calls) implements TrainingLoss {

  static Poisoned at(int call) {
    return new Poisoned(call, new AtomicInteger());
  }

  @Override
  public NDArray losses(LossInputs inputs) {
    NDArray losses = TrainingLoss.fare().losses(inputs);
    return calls.incrementAndGet() == at ? Autograd.scaled(losses, Double.NaN) : losses;
  }

  @Override
  public String toString() {
    return "FARE, once no number";
  }
}
