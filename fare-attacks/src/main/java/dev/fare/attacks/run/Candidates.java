package dev.fare.attacks.run;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.AttackResult.Scores;
import dev.fare.attacks.run.AttackRun.Evaluation;
import dev.fare.attacks.tensor.Kernels;
import dev.fare.attacks.tensor.LoopTensor;
import dev.fare.attacks.tensor.Rows;
import dev.fare.torch.TensorScope;
import java.util.Arrays;

/** The best that several searches have found for the images of a batch. */
public final class Candidates {

  private final NDManager owner;
  private final LoopTensor successful; // [N,C,H,W], meaningless where nothing succeeded
  private final LoopTensor highest; // [N,C,H,W], of highest loss
  private final LoopTensor losses; // [N]
  private final LoopTensor succeeded; // [N] boolean

  /**
   * Nothing found yet: the clean images with a loss of minus infinity.
   *
   * @param owner of the arrays
   */
  public Candidates(NDArray cleanImages, NDManager owner) {
    this.owner = owner;
    try (TensorScope scope = TensorScope.of(owner)) {
      Shape images = new Shape(cleanImages.getShape().get(0));
      NDManager manager = scope.manager();
      successful = new LoopTensor(cleanImages, owner, scope);
      highest = new LoopTensor(cleanImages, owner, scope);
      losses = new LoopTensor(manager.full(images, Float.NEGATIVE_INFINITY), owner, scope);
      succeeded = new LoopTensor(manager.zeros(images, DataType.BOOLEAN), owner, scope);
    }
  }

  /** What the images are before an attack: some have succeeded already. */
  public static Candidates ofCleanImages(AttackRun run) {
    Candidates best = new Candidates(run.ball().center(), run.manager());
    try (TensorScope scope = TensorScope.of(run.manager())) {
      NDArray center = run.ball().center();
      Evaluation at = run.evaluate(center);
      best.absorb(new Found(center, center, new Scores(at.losses(), at.succeeded())));
    }
    return best;
  }

  /** Takes over what is better: a first success, and a higher loss. */
  void absorb(Found found) {
    try (TensorScope scope = TensorScope.of(owner)) {
      NDArray everywhere = scope.manager().ones(losses.get().getShape(), DataType.BOOLEAN);
      absorb(found, everywhere, scope);
    }
  }

  /**
   * The same for some of the images.
   *
   * @param rows which of the batch's images the found ones belong to, each at most once
   */
  void absorb(Found found, long[] rows) {
    try (TensorScope scope = TensorScope.of(owner)) {
      Spread spread = spread(rows, Math.toIntExact(losses.get().size()), scope);
      NDArray from = spread.source();
      Scores scores = found.requireScores();
      NDArray images = Rows.take(found.images(), from);
      NDArray highestLoss =
          found.images() == found.highestLossImages()
              ? images
              : Rows.take(found.highestLossImages(), from);
      Scores everywhere =
          new Scores(Rows.take(scores.losses(), from), Rows.take(scores.succeeded(), from));
      absorb(new Found(images, highestLoss, everywhere), spread.isFound(), scope);
    }
  }

  /**
   * How rows of a few go to rows of all.
   *
   * @param source {@code [N]} int64: the row to read, 0 where there is none
   * @param isFound {@code [N]} boolean
   */
  public record Spread(NDArray source, NDArray isFound) {}

  public static Spread spread(long[] rows, int size, TensorScope scope) {
    long[] source = new long[size];
    boolean[] isFound = new boolean[size];
    for (int i = 0; i < rows.length; i++) {
      source[Math.toIntExact(rows[i])] = i;
      isFound[Math.toIntExact(rows[i])] = true;
    }
    return new Spread(scope.manager().create(source), scope.manager().create(isFound));
  }

  private void absorb(Found found, NDArray where, TensorScope scope) {
    Scores scores = found.requireScores();
    NDArray won = scores.succeeded().logicalAnd(where).logicalAnd(succeeded.get().logicalNot());
    NDArray higher = scores.losses().gt(losses.get()).logicalAnd(where);
    successful.set(Kernels.choose(won, found.images(), successful.get()), scope);
    highest.set(Kernels.choose(higher, found.highestLossImages(), highest.get()), scope);
    losses.set(Kernels.choose(higher, scores.losses(), losses.get()), scope);
    succeeded.set(succeeded.get().logicalOr(won), scope);
  }

  /** Which images have no success yet; makes the host wait. */
  long[] survivors() {
    return rowsOf(succeeded.get(), false);
  }

  /** The rows at which a mask has a value; makes the host wait. */
  static long[] rowsOf(NDArray mask, boolean value) {
    boolean[] all = mask.toBooleanArray();
    long[] rows = new long[all.length];
    int count = 0;
    for (int i = 0; i < all.length; i++) {
      if (all[i] == value) {
        rows[count++] = i;
      }
    }
    return Arrays.copyOf(rows, count);
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
