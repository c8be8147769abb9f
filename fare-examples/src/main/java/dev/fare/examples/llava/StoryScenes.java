package dev.fare.examples.llava;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
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
  private final Device device;

  StoryScenes(EmojiData data, int count, Device device) {
    this.device = device;
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

  NDManager newManager() {
    return NDManager.newBaseManager(device, "PyTorch");
  }

  /** All pictures, {@code [N,3,S,S]}. */
  NDArray pixels(NDManager manager) {
    int side = pictures.get(0).width();
    float[] values = new float[size() * 3 * side * side];
    for (int i = 0; i < size(); i++) {
      System.arraycopy(pictures.get(i).planes(), 0, values, i * 3 * side * side, 3 * side * side);
    }
    return manager.create(values, new Shape(size(), 3, side, side));
  }

  /** One image {@code [3,S,S]} off the device. */
  Picture picture(NDArray image) {
    int side = Math.toIntExact(image.getShape().get(2));
    return Picture.of(side, side, image.toFloatArray());
  }
}
