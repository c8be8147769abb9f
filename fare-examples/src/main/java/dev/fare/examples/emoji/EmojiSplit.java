package dev.fare.examples.emoji;

import com.google.common.collect.ImmutableList;
import java.util.Arrays;
import java.util.List;

/**
 * Which drawings are trained on. A sixth of the (concept, style) pairs is held out, never both
 * styles of a concept, so every class is trained in at least one style. Immutable.
 */
public final class EmojiSplit {
  private final ImmutableList<EmojiPair> trainingPairs;
  private final ImmutableList<EmojiPair> heldOutPairs;

  private EmojiSplit(
      ImmutableList<EmojiPair> trainingPairs, ImmutableList<EmojiPair> heldOutPairs) {
    this.trainingPairs = trainingPairs;
    this.heldOutPairs = heldOutPairs;
  }

  /**
   * Splits {@code conceptCount} concepts in both styles: a third of the concepts, drawn by {@code
   * seed}, loses one style, and the styles lose equally many.
   *
   * @throws IllegalArgumentException if there are fewer than 3 concepts
   */
  public static EmojiSplit of(int conceptCount, long seed) {
    if (conceptCount < 3) {
      throw new IllegalArgumentException(
          "a split needs at least 3 concepts to hold one out, got " + conceptCount);
    }
    int[] order = new SceneRandom(seed, "split", 0).permutation(conceptCount);
    EmojiStyle[] heldOutStyle = new EmojiStyle[conceptCount];
    for (int i = 0; i < Math.round(conceptCount / 3.0); i++) {
      heldOutStyle[order[i]] = i % 2 == 0 ? EmojiStyle.NOTO : EmojiStyle.TWEMOJI;
    }
    ImmutableList.Builder<EmojiPair> training = ImmutableList.builder();
    ImmutableList.Builder<EmojiPair> heldOut = ImmutableList.builder();
    for (int concept = 0; concept < conceptCount; concept++) {
      for (EmojiStyle style : EmojiStyle.values()) {
        (style == heldOutStyle[concept] ? heldOut : training).add(new EmojiPair(concept, style));
      }
    }
    return new EmojiSplit(training.build(), heldOut.build());
  }

  /** The drawings to train on, ordered by concept. */
  public List<EmojiPair> trainingPairs() {
    return trainingPairs;
  }

  /** The drawings never trained on, ordered by concept. */
  public List<EmojiPair> heldOutPairs() {
    return heldOutPairs;
  }

  /**
   * The training pairs number {@code firstIndex}, {@code firstIndex + 1}, … of an endless sequence
   * that goes through all training pairs in a new random order each epoch.
   *
   * @param seed the run's seed
   * @param firstIndex how many pairs came before, counted from the start of training
   * @param count how many pairs to return
   */
  public List<EmojiPair> shuffledTrainingPairs(long seed, long firstIndex, int count) {
    int epochSize = trainingPairs.size();
    EmojiPair[] pairs = new EmojiPair[count];
    int done = 0;
    while (done < count) {
      long epoch = (firstIndex + done) / epochSize;
      int position = (int) ((firstIndex + done) % epochSize);
      int[] order = new SceneRandom(seed, "training order", epoch).permutation(epochSize);
      while (done < count && position < epochSize) {
        pairs[done++] = trainingPairs.get(order[position++]);
      }
    }
    return Arrays.asList(pairs);
  }
}
