package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.attacks.run.Candidates;
import dev.fare.attacks.tensor.Kernels;
import dev.fare.attacks.tensor.Rows;
import dev.fare.torch.TensorScope;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * What is known about each image of an evaluation, in memory and, where a directory is given, on
 * disk.
 */
final class EvaluationProgress {

  private final Optional<EvaluationStore> store;
  private final boolean[] isCorrect;

  /** How many of the attacks an image is through with. */
  private final int[] attacksDone;

  /** The attack that fooled the image, or -1. */
  private final int[] fooledBy;

  EvaluationProgress(int images, Optional<Path> directory) {
    store = directory.map(EvaluationStore::new);
    isCorrect = new boolean[images];
    attacksDone = new int[images];
    fooledBy = new int[images];
    Arrays.fill(fooledBy, -1);
  }

  /**
   * Begins, or goes on where a directory says.
   *
   * @throws IllegalStateException if the directory belongs to another evaluation
   */
  void open(String fingerprint, boolean[] correct) {
    System.arraycopy(correct, 0, isCorrect, 0, correct.length);
    store.ifPresent(
        known ->
            known.open(new EvaluationStore.State(fingerprint, isCorrect, attacksDone, fooledBy)));
  }

  /** Puts the adversarial images that are on disk into a batch. */
  NDArray restore(NDArray images, NDManager manager) {
    NDArray restored = images;
    for (int row = 0; store.isPresent() && row < fooledBy.length; row++) {
      if (fooledBy[row] >= 0) {
        try (TensorScope scope = TensorScope.of(manager)) {
          NDArray one = store.get().image(row, images.getShape(), scope.manager());
          Candidates.Spread spread = Candidates.spread(new long[] {row}, fooledBy.length, scope);
          NDArray everywhere = Rows.take(one, spread.source());
          NDArray next = Kernels.choose(spread.isFound(), everywhere, restored);
          scope.keep(next, manager);
          restored.close();
          restored = next;
        }
      }
    }
    return restored;
  }

  /** The images that an attack has yet to try. */
  long[] open(int part) {
    long[] rows = new long[fooledBy.length];
    int count = 0;
    for (int row = 0; row < rows.length; row++) {
      if (isRobust(row) && attacksDone[row] <= part) {
        rows[count++] = row;
      }
    }
    return Arrays.copyOf(rows, count);
  }

  /** How many images an attack has tried already. */
  int finished(int part) {
    int count = 0;
    for (int row = 0; row < fooledBy.length; row++) {
      boolean reached = isCorrect[row] && (fooledBy[row] < 0 || fooledBy[row] >= part);
      count += reached && attacksDone[row] > part ? 1 : 0;
    }
    return count;
  }

  /** How many images an attack has fooled. */
  int fooledBy(int part) {
    int count = 0;
    for (int by : fooledBy) {
      count += by == part ? 1 : 0;
    }
    return count;
  }

  /**
   * Takes down a batch's result.
   *
   * @param isWhole whether the attack did all its iterations
   * @param images {@code [M,C,H,W]}, one for each row
   */
  void record(int part, long[] rows, boolean[] isFooled, boolean isWhole, NDArray images) {
    for (int i = 0; i < rows.length; i++) {
      int row = Math.toIntExact(rows[i]);
      if (isFooled[i]) {
        fooledBy[row] = part;
        int index = i;
        store.ifPresent(known -> known.writeImage(row, images.get(index)));
      }
      if (isFooled[i] || isWhole) {
        attacksDone[row] = part + 1;
      }
    }
    store.ifPresent(EvaluationStore::save);
  }

  boolean isCorrect(int row) {
    return isCorrect[row];
  }

  boolean isRobust(int row) {
    return isCorrect[row] && fooledBy[row] < 0;
  }

  int fooledByPart(int row) {
    return fooledBy[row];
  }

  double robustShare() {
    int count = 0;
    for (int row = 0; row < fooledBy.length; row++) {
      count += isRobust(row) ? 1 : 0;
    }
    return (double) count / fooledBy.length;
  }
}
