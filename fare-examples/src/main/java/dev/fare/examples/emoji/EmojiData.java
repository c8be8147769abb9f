package dev.fare.examples.emoji;

import com.google.common.collect.ImmutableListMultimap;
import com.google.common.collect.Multimaps;
import java.util.ArrayList;
import java.util.List;

/**
 * The embedded data set in one place: the artwork, its split, training batches and the two test
 * sets. Immutable, so one instance can be shared by threads.
 *
 * <pre>{@code
 * EmojiData data = EmojiData.load();
 * EmojiBatch batch = data.trainingBatch(step * 128L, 128);
 * EmojiBatch trained = data.testSetA(960).all();
 * EmojiBatch heldOut = data.testSetB(5).all();
 * }</pre>
 */
public final class EmojiData {
  /** The seed of the split and scenes unless another is given. */
  public static final long DEFAULT_SEED = 20240613;

  private final EmojiPack pack;
  private final EmojiScenes scenes;
  private final EmojiSplit split;
  private final long seed;

  private EmojiData(EmojiPack pack, EmojiScenes scenes, long seed) {
    this.pack = pack;
    this.scenes = scenes;
    this.split = EmojiSplit.of(pack.concepts().size(), seed);
    this.seed = seed;
  }

  /** The data set with the default canvas and seed. */
  public static EmojiData load() {
    return of(EmojiPack.load(), EmojiScenes.DEFAULT_CANVAS, DEFAULT_SEED);
  }

  /**
   * The data set rendered at {@code canvas}×{@code canvas} pixels, all randomness from {@code
   * seed}.
   */
  public static EmojiData of(EmojiPack pack, int canvas, long seed) {
    return new EmojiData(pack, EmojiScenes.of(pack, canvas), seed);
  }

  /** The artwork and class names. */
  public EmojiPack pack() {
    return pack;
  }

  /** The renderer. */
  public EmojiScenes scenes() {
    return scenes;
  }

  /** Where the randomness of split and scenes comes from. */
  public long seed() {
    return seed;
  }

  /** Which drawings are trained on. */
  public EmojiSplit split() {
    return split;
  }

  /**
   * {@code size} augmented training scenes; number {@code firstIndex} counts from the start of
   * training, so batch sizes and resumed runs do not change what is seen.
   */
  public EmojiBatch trainingBatch(long firstIndex, int size) {
    return trainingBatch(firstIndex, size, 1);
  }

  /**
   * The same with an augmentation of another strength, from 0 (own colours, no distortion) to 1.
   */
  public EmojiBatch trainingBatch(long firstIndex, int size, double strength) {
    SceneStream stream = new SceneStream(SceneFamily.TRAINING, seed, "training", strength);
    return scenes.batch(split.shuffledTrainingPairs(seed, firstIndex, size), stream, firstIndex);
  }

  /**
   * Test set A: trained drawings on unseen backgrounds and placements. The classes take turns, and
   * within a class its trained styles.
   *
   * @param size the number of pictures, balanced if a multiple of the number of concepts
   */
  public EmojiTestSet testSetA(int size) {
    ImmutableListMultimap<Integer, EmojiPair> byConcept =
        Multimaps.index(split.trainingPairs(), EmojiPair::concept);
    int concepts = pack.concepts().size();
    List<EmojiPair> pairs = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      List<EmojiPair> styles = byConcept.get(i % concepts);
      pairs.add(styles.get((i / concepts) % styles.size()));
    }
    return new EmojiTestSet(scenes, new SceneStream(SceneFamily.TEST, seed, "test A"), pairs);
  }

  /**
   * Test set B: the held-out drawings, whose concepts were trained in the other style only.
   *
   * @param scenesPerPair how many pictures each drawing gets
   */
  public EmojiTestSet testSetB(int scenesPerPair) {
    List<EmojiPair> pairs = new ArrayList<>();
    for (int i = 0; i < scenesPerPair; i++) {
      pairs.addAll(split.heldOutPairs());
    }
    return new EmojiTestSet(scenes, new SceneStream(SceneFamily.TEST, seed, "test B"), pairs);
  }
}
