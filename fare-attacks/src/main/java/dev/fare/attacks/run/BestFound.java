package dev.fare.attacks.run;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.AttackResult.Scores;
import dev.fare.attacks.tensor.Kernels;
import dev.fare.attacks.tensor.LoopTensor;
import dev.fare.attacks.tensor.Rows;
import dev.fare.torch.TensorScope;
import java.util.List;

/** The best that was found for the images of a batch: by one search, or by several. */
public final class BestFound {

  private final NDManager owner;
  private final boolean firstSuccess;
  private final LoopTensor highest; // [N,C,H,W], of highest loss
  private final LoopTensor losses; // [N]
  private final LoopTensor successful; // [N,C,H,W], meaningless where nothing succeeded
  private final LoopTensor succeeded; // [N] boolean

  /**
   * Starts a search with its first point.
   *
   * @param firstSuccess whether an image is finished with its first success; otherwise the last
   *     successful point is kept and the highest loss is looked for until the end
   */
  public BestFound(
      NDArray start, Scores at, boolean firstSuccess, NDManager owner, TensorScope scope) {
    this.owner = owner;
    this.firstSuccess = firstSuccess;
    highest = new LoopTensor(start, owner, scope);
    losses = new LoopTensor(at.losses(), owner, scope);
    successful = new LoopTensor(start, owner, scope);
    succeeded = new LoopTensor(at.succeeded(), owner, scope);
  }

  /** Nothing found yet: the clean images with a loss of minus infinity. */
  public static BestFound none(AttackRun run) {
    try (TensorScope scope = TensorScope.of(run.manager())) {
      Shape images = new Shape(run.size());
      NDArray losses = scope.manager().full(images, Float.NEGATIVE_INFINITY);
      Scores none = new Scores(losses, scope.manager().zeros(images, DataType.BOOLEAN));
      return new BestFound(run.ball().center(), none, true, run.manager(), scope);
    }
  }

  /** What the images are before an attack: some have succeeded already. */
  public static BestFound ofCleanImages(AttackRun run) {
    try (TensorScope scope = TensorScope.of(run.manager())) {
      NDArray center = run.ball().center();
      return new BestFound(center, run.evaluate(center), true, run.manager(), scope);
    }
  }

  /**
   * Looks at the search's next point.
   *
   * @return {@code [N]} boolean: where it has a strictly higher loss
   */
  public NDArray record(NDArray next, Scores at, TensorScope step) {
    NDArray won = at.succeeded();
    NDArray higher = at.losses().gt(losses.get());
    if (firstSuccess) {
      NDArray open = succeeded.get().logicalNot();
      won = won.logicalAnd(open);
      higher = higher.logicalAnd(open);
    }
    take(new Found(next, next, at), won, higher, step);
    return higher;
  }

  /** Takes over what another search found where it is better: a first success, a higher loss. */
  void absorb(Found found) {
    try (TensorScope scope = TensorScope.of(owner)) {
      Scores scores = found.requireScores();
      NDArray won = scores.succeeded().logicalAnd(succeeded.get().logicalNot());
      take(found, won, scores.losses().gt(losses.get()), scope);
    }
  }

  /**
   * The same for some of the images.
   *
   * @param rows which of the batch's images the found ones belong to, each at most once
   */
  void absorb(Found found, long[] rows) {
    try (TensorScope scope = TensorScope.of(owner)) {
      Rows.Spread spread = Rows.spread(rows, losses.get().size(), scope);
      Scores few = found.requireScores();
      NDArray all = spread.take(few.losses());
      NDArray won = spread.take(few.succeeded());
      NDArray images = spread.take(found.images());
      NDArray highestLoss =
          found.images() == found.highestLossImages()
              ? images
              : spread.take(found.highestLossImages());
      NDArray open = succeeded.get().logicalNot().logicalAnd(spread.isFound());
      NDArray higher = all.gt(losses.get()).logicalAnd(spread.isFound());
      take(
          new Found(images, highestLoss, new Scores(all, won)),
          won.logicalAnd(open),
          higher,
          scope);
    }
  }

  private void take(Found found, NDArray won, NDArray higher, TensorScope scope) {
    successful.set(Kernels.choose(won, found.images(), successful.get()), scope);
    succeeded.set(succeeded.get().logicalOr(won), scope);
    highest.set(Kernels.choose(higher, found.highestLossImages(), highest.get()), scope);
    losses.set(Kernels.choose(higher, found.requireScores().losses(), losses.get()), scope);
  }

  /** The images of highest loss. */
  public NDArray images() {
    return highest.get();
  }

  public NDArray losses() {
    return losses.get();
  }

  public NDArray succeeded() {
    return succeeded.get();
  }

  /** Which images have no success yet; makes the host wait. */
  long[] survivors() {
    return Rows.where(succeeded.get().logicalNot());
  }

  List<LoopTensor> state() {
    return List.of(highest, losses, successful, succeeded);
  }

  /** All of it; the arrays belong to the owner. */
  public Found found() {
    try (TensorScope scope = TensorScope.of(owner)) {
      NDArray images = Kernels.choose(succeeded.get(), successful.get(), highest.get());
      Scores scores = new Scores(losses.get(), succeeded.get());
      return new Found(scope.keep(images, owner), highest.get(), scores);
    }
  }
}
