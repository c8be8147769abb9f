package dev.fare.examples.emoji;

import dev.fare.data.ImageDataset;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * Emoji scenes as the data set that trainers and evaluations read, rendered when they are asked
 * for.
 */
public final class EmojiDataset implements ImageDataset {

  private final EmojiData data;
  private final SceneStream stream;
  private final List<EmojiPair> pairs;
  private final int size;
  private final int available;
  private final boolean labelled;

  private EmojiDataset(
      EmojiData data,
      SceneStream stream,
      List<EmojiPair> pairs,
      int size,
      int available,
      boolean labelled) {
    if (size < 1 || size > available) {
      throw new IllegalArgumentException("size must be from 1 to " + available + ", got " + size);
    }
    this.data = data;
    this.stream = stream;
    this.pairs = List.copyOf(pairs);
    this.size = size;
    this.available = available;
    this.labelled = labelled;
  }

  /**
   * Training scenes without labels, as FARE needs them.
   *
   * @param size number of scenes; the training drawings take turns
   * @param strength of the augmentation, from 0 to 1
   */
  public static EmojiDataset unlabelled(EmojiData data, int size, double strength) {
    return training(data, size, strength, false);
  }

  /**
   * The same scenes with the labels that supervised methods need.
   *
   * @param size number of scenes
   * @param strength of the augmentation, from 0 to 1
   */
  public static EmojiDataset labelled(EmojiData data, int size, double strength) {
    return training(data, size, strength, true);
  }

  /**
   * Plain scenes of the training drawings, with labels, to choose settings by: neither trained on
   * nor one of the test sets.
   *
   * @param size how many of the scenes, one a drawing, spread evenly over the drawings
   */
  public static EmojiDataset validation(EmojiData data, int size) {
    SceneStream stream = new SceneStream(SceneFamily.TRAINING, data.seed(), "validation", 0);
    List<EmojiPair> pairs = data.split().trainingPairs();
    return new EmojiDataset(data, stream, pairs, size, pairs.size(), true);
  }

  private static EmojiDataset training(
      EmojiData data, int size, double strength, boolean labelled) {
    SceneStream stream = new SceneStream(SceneFamily.TRAINING, data.seed(), "unlabelled", strength);
    return new EmojiDataset(data, stream, data.split().trainingPairs(), size, size, labelled);
  }

  /**
   * Test set A: trained drawings on unseen backgrounds and placements, two scenes a concept.
   *
   * @param size how many of the scenes, spread evenly over the concepts
   */
  public static EmojiDataset testSetA(EmojiData data, int size) {
    EmojiTestSet set = data.testSetA(2 * data.pack().concepts().size());
    return new EmojiDataset(data, set.stream(), set.pairs(), size, set.size(), true);
  }

  /**
   * Test set B: drawings whose concept was trained in the other style only, four scenes each.
   *
   * @param size how many of the scenes, spread evenly over the drawings
   */
  public static EmojiDataset testSetB(EmojiData data, int size) {
    EmojiTestSet set = data.testSetB(4);
    return new EmojiDataset(data, set.stream(), set.pairs(), size, set.size(), true);
  }

  @Override
  public int size() {
    return size;
  }

  /** The drawing of a scene. */
  public EmojiPair pair(int index) {
    return pairs.get(scene(index) % pairs.size());
  }

  private int scene(int index) {
    return (int) ((long) Objects.checkIndex(index, size) * available / size);
  }

  @Override
  public void read(int index, int imageSize, FloatBuffer target) {
    if (imageSize != data.scenes().canvas()) {
      throw new IllegalArgumentException(
          "these scenes are rendered at "
              + data.scenes().canvas()
              + " pixels, asked for "
              + imageSize
              + "; make the EmojiData with that canvas");
    }
    target.put(data.scenes().render(pair(index), stream, scene(index)));
  }

  @Override
  public OptionalInt label(int index) {
    return labelled ? OptionalInt.of(pair(index).concept()) : OptionalInt.empty();
  }

  @Override
  public List<String> classNames() {
    return labelled ? data.pack().names() : List.of();
  }

  @Override
  public String description() {
    return size
        + " emoji scenes, stream \""
        + stream.purpose()
        + "\", seed "
        + stream.seed()
        + (stream.family() == SceneFamily.TRAINING ? ", strength " + stream.strength() : "");
  }
}
