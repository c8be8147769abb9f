package dev.fare;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import dev.fare.torch.Host;
import dev.fare.torch.TorchEngine;
import java.util.Arrays;

/** Something that decides between K classes. */
@FunctionalInterface
public interface Classifier {

  /**
   * Scores a batch of images.
   *
   * @param pixels {@code [N,3,H,W]} float32 in [0,1], on this classifier's device
   * @return logits {@code [N,K]}, before any softmax, differentiable with respect to the pixels
   */
  NDArray logits(NDArray pixels);

  /**
   * Where pixels must lie: the engine's default device unless a classifier says otherwise, as one
   * does whose encoder was loaded onto another.
   */
  default Device device() {
    return TorchEngine.get().defaultDevice();
  }

  /** Stands for a class where the logits are not finite; never right. */
  int NO_CLASS = -1;

  /**
   * The class of each image, the same on every device: that of the highest logit, the first among
   * equals; {@link #NO_CLASS} if a logit isn't finite.
   *
   * @param logits {@code [N,K]}
   */
  static int[] decisions(NDArray logits) {
    float[] values = Host.floats(logits);
    int classes = Math.toIntExact(logits.getShape().get(1));
    int[] decisions = new int[Math.toIntExact(logits.getShape().get(0))];
    for (int row = 0; row < decisions.length; row++) {
      decisions[row] = decision(Arrays.copyOfRange(values, row * classes, (row + 1) * classes));
    }
    return decisions;
  }

  /** The same for the logits of one image. */
  static int decision(float[] logits) {
    int best = 0;
    for (int i = 0; i < logits.length; i++) {
      if (!Float.isFinite(logits[i])) {
        return NO_CLASS;
      }
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }
}
