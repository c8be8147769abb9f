package dev.fare.training.loss;

import ai.djl.ndarray.NDArray;
import dev.fare.ImageEncoder;
import dev.fare.SelectableObjective;

/** An encoder's loss against given targets, for an attack to climb. */
record TargetObjective(ImageEncoder encoder, EmbeddingLoss loss, Targets targets)
    implements SelectableObjective {

  @Override
  public NDArray forward(NDArray pixels) {
    return encoder.embed(pixels);
  }

  @Override
  public NDArray losses(NDArray outputs) {
    return loss.losses(outputs, targets);
  }

  @Override
  public SelectableObjective select(NDArray rows) {
    return new TargetObjective(encoder, loss, targets.select(rows));
  }
}
