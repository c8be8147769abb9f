package dev.fare.attacks.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import dev.fare.attacks.tensor.Kernels;
import dev.fare.torch.Autograd;

/** Losses over logits that an attack climbs; {@code Objectives} says what each is. */
public enum ClassificationLoss {
  /** The cross-entropy of the right class. */
  CROSS_ENTROPY {
    @Override
    NDArray losses(NDArray logits, NDArray labels, NDArray targets) {
      return pick(logits.logSoftmax(1), labels).neg();
    }
  },
  /** The negative cross-entropy of a wanted class. */
  TARGETED_CROSS_ENTROPY {
    @Override
    NDArray losses(NDArray logits, NDArray labels, NDArray targets) {
      return pick(logits.logSoftmax(1), targets);
    }
  },
  /** The difference of logits ratio. */
  DLR {
    @Override
    NDArray losses(NDArray logits, NDArray labels, NDArray targets) {
      int classes = (int) logits.getShape().get(1);
      NDList top = logits.topK(Math.min(classes, 3), 1, true, true);
      NDArray margin = margin(logits, labels, top);
      if (classes < 3) {
        return margin;
      }
      NDArray sorted = top.get(0); // [N,3], descending
      return margin.div(Autograd.plus(column(sorted, 0).sub(column(sorted, 2)), TINY));
    }
  },
  /** The highest wrong logit less the right one. */
  MARGIN {
    @Override
    NDArray losses(NDArray logits, NDArray labels, NDArray targets) {
      return margin(logits, labels, logits.topK(2, 1, true, true));
    }
  },
  /** The difference of logits ratio towards a wanted class. */
  TARGETED_DLR {
    @Override
    NDArray losses(NDArray logits, NDArray labels, NDArray targets) {
      int classes = (int) logits.getShape().get(1);
      NDArray margin = pick(logits, targets).sub(pick(logits, labels));
      if (classes < 3) {
        return margin;
      }
      NDArray sorted = logits.topK(Math.min(classes, 4), 1, true, true).get(0);
      NDArray third = column(sorted, 2);
      NDArray low = classes == 3 ? third : Autograd.scaled(third.add(column(sorted, 3)), 0.5);
      return margin.div(Autograd.plus(column(sorted, 0).sub(low), TINY));
    }
  };

  /** The original's constant; it vanishes in float32 unless the top logits meet. */
  private static final double TINY = 1e-12;

  /** Whether it needs a class to go for. */
  public boolean isTargeted() {
    return this == TARGETED_CROSS_ENTROPY || this == TARGETED_DLR;
  }

  /**
   * The loss of each image.
   *
   * @param logits {@code [N,K]}
   * @param labels {@code [N]} int64
   * @param targets {@code [N]} int64; the labels where the loss has no target
   * @return {@code [N]}
   */
  abstract NDArray losses(NDArray logits, NDArray labels, NDArray targets);

  /** The highest wrong logit less the right one, given the two highest and their classes. */
  private static NDArray margin(NDArray logits, NDArray labels, NDList top) {
    NDArray isRight = column(top.get(1), 0).toType(DataType.INT64, false).eq(labels);
    NDArray other = Kernels.choose(isRight, column(top.get(0), 1), column(top.get(0), 0));
    return other.sub(pick(logits, labels));
  }

  private static NDArray pick(NDArray logits, NDArray classes) {
    return logits.gather(classes.expandDims(1), 1).squeeze(1);
  }

  private static NDArray column(NDArray array, int index) {
    return array.get(":," + index);
  }
}
