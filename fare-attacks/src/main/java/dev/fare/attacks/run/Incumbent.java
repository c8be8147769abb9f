package dev.fare.attacks.run;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.AttackResult.Scores;
import dev.fare.attacks.run.AttackRun.Evaluation;
import dev.fare.attacks.tensor.Kernels;
import dev.fare.attacks.tensor.LoopTensor;
import dev.fare.torch.TensorScope;
import java.util.List;

/** The best points that a search has seen so far. */
public final class Incumbent {

  private final boolean firstSuccess;
  private final LoopTensor images; // of highest loss
  private final LoopTensor losses;
  private final LoopTensor successful;
  private final LoopTensor succeeded;

  /**
   * Starts with the first point.
   *
   * @param firstSuccess whether an image is finished with its first success; otherwise the last
   *     successful point is kept and the highest loss is looked for until the end
   */
  public Incumbent(
      NDArray start, Evaluation at, boolean firstSuccess, NDManager owner, TensorScope scope) {
    this.firstSuccess = firstSuccess;
    images = new LoopTensor(start, owner, scope);
    losses = new LoopTensor(at.losses(), owner, scope);
    successful = new LoopTensor(start, owner, scope);
    succeeded = new LoopTensor(at.succeeded(), owner, scope);
  }

  /**
   * Looks at the next point.
   *
   * @return {@code [N]} boolean: where it has a strictly higher loss
   */
  public NDArray record(NDArray next, Evaluation at, TensorScope step) {
    NDArray won = at.succeeded();
    NDArray higher = at.losses().gt(losses.get());
    if (firstSuccess) {
      NDArray open = succeeded.get().logicalNot();
      won = won.logicalAnd(open);
      higher = higher.logicalAnd(open);
    }
    successful.set(Kernels.choose(won, next, successful.get()), step);
    succeeded.set(succeeded.get().logicalOr(won), step);
    images.set(Kernels.choose(higher, next, images.get()), step);
    losses.set(Kernels.choose(higher, at.losses(), losses.get()), step);
    return higher;
  }

  public NDArray images() {
    return images.get();
  }

  public NDArray losses() {
    return losses.get();
  }

  public NDArray succeeded() {
    return succeeded.get();
  }

  List<LoopTensor> state() {
    return List.of(images, losses, successful, succeeded);
  }

  public Found found() {
    return new Found(successful.get(), images.get(), new Scores(losses.get(), succeeded.get()));
  }
}
