package dev.fare.examples.recipes;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import dev.fare.examples.emoji.EmojiBatch;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiPair;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import dev.fare.vlm.llava.LlavaModel;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Training scenes as a frozen vision tower sees them: each is looked at once, and shown often. */
final class SeenScenes implements AutoCloseable {

  private static final int AT_ONCE = 64;

  /**
   * Some of the scenes.
   *
   * @param scenes their numbers
   * @param pairs what they show
   * @param tokens {@code [N,T,C]}
   */
  record Batch(List<Integer> scenes, List<EmojiPair> pairs, NDArray tokens)
      implements AutoCloseable {
    @Override
    public void close() {
      tokens.close();
    }
  }

  private final NDManager manager;
  private final List<EmojiPair> pairs = new ArrayList<>();
  private final NDArray tokens;

  private SeenScenes(
      LlavaModel llava, EmojiData data, Banners banners, int count, double strength) {
    manager = NDManager.newBaseManager(llava.visionEncoder().device(), "PyTorch");
    int size = llava.visionEncoder().imageSize();
    tokens = manager.create(new Shape(count, llava.tokensPerImage(), tokenWidth(llava, size)));
    for (int from = 0; from < count; from += AT_ONCE) {
      int length = Math.min(AT_ONCE, count - from);
      EmojiBatch scenes = data.trainingBatch(from, length, strength);
      pairs.addAll(data.split().shuffledTrainingPairs(data.seed(), from, length));
      for (int i = 0; i < length; i++) {
        banners.draw(from + i, scenes.images(), i * 3 * size * size, size);
      }
      try (TensorScope scope = TensorScope.of(manager);
          GradMode off = GradMode.noGrad()) {
        NDArray pixels = scope.manager().create(scenes.images(), new Shape(length, 3, size, size));
        tokens.set(
            new NDIndex(from + ":" + (from + length)),
            llava.visionEncoder().tokens(pixels, llava.config().visualTokens()));
      }
    }
  }

  private static long tokenWidth(LlavaModel llava, int size) {
    try (NDManager trial = NDManager.newBaseManager(llava.visionEncoder().device(), "PyTorch");
        GradMode off = GradMode.noGrad()) {
      NDArray black = trial.zeros(new Shape(1, 3, size, size));
      return llava.visionEncoder().tokens(black, llava.config().visualTokens()).getShape().get(2);
    }
  }

  /**
   * Looks at the scenes.
   *
   * @param banners across some of them
   * @param scenes of each training drawing
   * @param strength of the augmentation, from 0 to 1
   */
  static SeenScenes of(
      LlavaModel llava, EmojiData data, Banners banners, int scenes, double strength) {
    return new SeenScenes(
        llava, data, banners, scenes * data.split().trainingPairs().size(), strength);
  }

  /** The scenes number {@code first}, … of an endless sequence, in a new order each round. */
  Batch batch(long first, int count) {
    long[] rows = new long[count];
    List<Integer> scenes = new ArrayList<>();
    List<EmojiPair> shown = new ArrayList<>();
    long round = first / pairs.size();
    int[] order = order(round);
    for (int i = 0; i < count; i++) {
      if ((first + i) / pairs.size() > round) {
        round++;
        order = order(round);
      }
      int scene = order[(int) ((first + i) % pairs.size())];
      rows[i] = scene;
      scenes.add(scene);
      shown.add(pairs.get(scene));
    }
    try (NDArray indices = manager.create(rows)) {
      return new Batch(scenes, shown, tokens.get(indices));
    }
  }

  private int[] order(long round) {
    SplittableRandom random = new SplittableRandom(round);
    int[] order = new int[pairs.size()];
    for (int i = 0; i < order.length; i++) {
      int other = random.nextInt(i + 1);
      order[i] = order[other];
      order[other] = i;
    }
    return order;
  }

  @Override
  public void close() {
    manager.close();
  }
}
