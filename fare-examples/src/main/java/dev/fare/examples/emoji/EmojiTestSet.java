package dev.fare.examples.emoji;

import com.google.common.collect.ImmutableList;
import java.util.List;

/** A fixed list of test scenes, rendered when asked for. Immutable. */
public final class EmojiTestSet {
  private final EmojiScenes scenes;
  private final SceneStream stream;
  private final ImmutableList<EmojiPair> pairs;

  EmojiTestSet(EmojiScenes scenes, SceneStream stream, List<EmojiPair> pairs) {
    this.scenes = scenes;
    this.stream = stream;
    this.pairs = ImmutableList.copyOf(pairs);
  }

  /** The number of pictures. */
  public int size() {
    return pairs.size();
  }

  SceneStream stream() {
    return stream;
  }

  /** The drawing in each picture. */
  public List<EmojiPair> pairs() {
    return pairs;
  }

  /** All pictures. */
  public EmojiBatch all() {
    return batch(0, size());
  }

  /**
   * The pictures {@code from} (inclusive) to {@code to} (exclusive).
   *
   * @throws IndexOutOfBoundsException if the range is not within the set
   */
  public EmojiBatch batch(int from, int to) {
    return scenes.batch(pairs.subList(from, to), stream, from);
  }
}
