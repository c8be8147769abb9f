package dev.fare.examples.llava;

import dev.fare.evaluation.Picture;
import dev.fare.examples.emoji.EmojiBatch;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiPair;
import dev.fare.examples.emoji.EmojiTestSet;
import java.util.ArrayList;
import java.util.List;

/** Pictures of test set A, spread evenly over the concepts. */
final class StoryScenes {

  private final List<EmojiPair> pairs = new ArrayList<>();
  private final List<Picture> pictures = new ArrayList<>();

  StoryScenes(EmojiData data, int count) {
    EmojiTestSet all = data.testSetA(2 * data.pack().concepts().size());
    int side = data.scenes().canvas();
    for (int i = 0; i < count; i++) {
      int scene = (int) ((long) i * all.size() / count);
      EmojiBatch one = all.batch(scene, scene + 1);
      pairs.add(all.pairs().get(scene));
      pictures.add(Picture.of(side, side, one.images()));
    }
  }

  int size() {
    return pictures.size();
  }

  List<Picture> pictures() {
    return List.copyOf(pictures);
  }

  /** What the pictures show. */
  List<EmojiPair> pairs() {
    return List.copyOf(pairs);
  }
}
