package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import dev.fare.Objective;
import dev.fare.torch.Autograd;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Hands out losses, gradients and logits from a script, whatever the images are. */
final class ScriptedObjective implements Objective {

  private final NDArray losses; // [call,N]
  private final NDArray gradients; // [call,N,C,H,W]
  private final @Nullable NDArray logits; // [call,N,K]
  private final @Nullable NDArray labels;
  private final List<float[]> evaluated = new ArrayList<>();
  private int call;

  ScriptedObjective(
      NDArray losses, NDArray gradients, @Nullable NDArray logits, @Nullable NDArray labels) {
    this.losses = losses;
    this.gradients = gradients;
    this.logits = logits;
    this.labels = labels;
  }

  /** The images of each call. */
  List<float[]> evaluated() {
    return evaluated;
  }

  @Override
  public NDArray forward(NDArray pixels) {
    call = evaluated.size();
    evaluated.add(pixels.toFloatArray());
    NDArray script = gradients.get(call);
    // zero, with the script as its gradient; the root gives 0/0 there, so NaN
    NDArray zero = pixels.sub(pixels.stopGradient());
    NDArray nan = script.isNaN();
    NDArray notANumber = Autograd.scaled(NDArrays.where(nan, zero, zero.onesLike()).sqrt(), 0);
    NDArray product = zero.mul(NDArrays.where(nan, script.zerosLike(), script));
    return NDArrays.where(nan, notANumber, product).reshape(script.getShape().get(0), -1);
  }

  @Override
  public NDArray losses(NDArray outputs) {
    return outputs.sum(new int[] {1}).add(losses.get(call));
  }

  @Override
  public NDArray succeeded(NDArray outputs) {
    if (logits == null || labels == null) {
      return Objective.super.succeeded(outputs);
    }
    return logits.get(call).argMax(1).neq(labels);
  }

  /** Call-by-call copies of rows of another script. */
  static NDArray withRow(NDArray script, int row, List<Integer> callOf, int rowOf) {
    NDList calls = new NDList();
    for (int call = 0; call < callOf.size(); call++) {
      NDList rows = new NDList();
      for (int i = 0; i < script.getShape().get(1); i++) {
        rows.add(i == row ? script.get(callOf.get(call)).get(rowOf) : script.get(call).get(i));
      }
      calls.add(NDArrays.stack(rows));
    }
    return NDArrays.stack(calls);
  }
}
