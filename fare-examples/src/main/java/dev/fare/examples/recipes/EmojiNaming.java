package dev.fare.examples.recipes;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.examples.emoji.EmojiBatch;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiTestSet;
import dev.fare.examples.llava.EmojiTalk;
import dev.fare.vlm.TextListener;
import dev.fare.vlm.language.GenerationOptions;
import dev.fare.vlm.llava.LlavaModel;
import java.util.Collections;
import java.util.List;

/** How often a LLaVA names what it sees. */
final class EmojiNaming {

  private static final int BATCH = 40;
  private static final int LONGEST_NAME = 24;

  private EmojiNaming() {}

  /** The share of scenes of test set A whose name is in the answer to "What is this?". */
  static double accuracy(LlavaModel llava, EmojiData data, int scenes) {
    EmojiTestSet all = data.testSetA(2 * data.pack().concepts().size());
    int size = llava.visionEncoder().imageSize();
    int right = 0;
    for (int from = 0; from < scenes; from += BATCH) {
      int count = Math.min(BATCH, scenes - from);
      int stride = all.size() / scenes;
      try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
        float[] pixels = new float[count * 3 * size * size];
        int[] labels = new int[count];
        for (int i = 0; i < count; i++) {
          int scene = (from + i) * stride;
          EmojiBatch one = all.batch(scene, scene + 1);
          System.arraycopy(one.images(), 0, pixels, i * 3 * size * size, 3 * size * size);
          labels[i] = one.labels()[0];
        }
        NDArray images = manager.create(pixels, new Shape(count, 3, size, size));
        String prompt = llava.template().withImage(EmojiTalk.NAME);
        List<String> answers =
            llava.generate(
                images,
                Collections.nCopies(count, prompt),
                GenerationOptions.greedy(LONGEST_NAME),
                TextListener.NONE);
        for (int i = 0; i < count; i++) {
          String name = data.pack().names().get(labels[i]);
          right += answers.get(i).endsWith(" " + name + ".") ? 1 : 0;
        }
      }
    }
    return right / (double) scenes;
  }
}
