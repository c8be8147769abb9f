package dev.fare.examples.recipes;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.examples.emoji.EmojiBatch;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiTestSet;
import dev.fare.examples.quickstart.EmbeddedClip;
import dev.fare.models.ClipModel;
import dev.fare.models.ZeroShotClassifier;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Zero-shot accuracy of a CLIP directory on all scenes of both test sets: the numbers of the
 * embedded model's card.
 *
 * <p>Argument: the directory.
 */
public final class EmojiClipEvaluation {

  private static final int BATCH = 64;

  private EmojiClipEvaluation() {}

  /** Prints the accuracies. */
  public static void main(String[] args) throws IOException {
    if (args.length != 1) {
      throw new IllegalArgumentException("one argument needed: the directory of a CLIP");
    }
    System.out.println(describe(Path.of(args[0])));
  }

  static String describe(Path directory) throws IOException {
    EmojiData data = EmojiData.load();
    try (ClipModel clip = ClipModel.load(directory);
        ZeroShotClassifier classifier =
            clip.zeroShotClassifier(data.pack().names(), EmbeddedClip.TEMPLATES)) {
      return describe("A", data.testSetA(2 * data.pack().names().size()), data, classifier)
          + System.lineSeparator()
          + describe("B", data.testSetB(4), data, classifier);
    }
  }

  private static String describe(
      String name, EmojiTestSet set, EmojiData data, ZeroShotClassifier classifier) {
    int first = 0;
    int firstFive = 0;
    for (int from = 0; from < set.size(); from += BATCH) {
      EmojiBatch batch = set.batch(from, Math.min(set.size(), from + BATCH));
      for (long rank : ranks(batch, data.scenes().canvas(), classifier)) {
        first += rank < 1 ? 1 : 0;
        firstFive += rank < 5 ? 1 : 0;
      }
    }
    return String.format(
        Locale.ROOT,
        "set %s, %d scenes: top-1 %.1f %%, top-5 %.1f %%",
        name,
        set.size(),
        100.0 * first / set.size(),
        100.0 * firstFive / set.size());
  }

  /** How many names score above the right one, picture by picture. */
  private static long[] ranks(EmojiBatch batch, int size, ZeroShotClassifier classifier) {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        TensorScope scope = TensorScope.of(manager);
        GradMode off = GradMode.noGrad()) {
      NDArray pixels =
          scope.manager().create(batch.images(), new Shape(batch.size(), 3, size, size));
      NDArray logits = classifier.logits(pixels); // [N, K]
      NDArray labels = scope.manager().create(batch.labels()).reshape(-1, 1);
      NDArray right = logits.gather(labels.toType(DataType.INT64, false), 1);
      return logits.gt(right).toType(DataType.INT64, false).sum(new int[] {1}).toLongArray();
    }
  }
}
