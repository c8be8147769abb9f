package dev.fare.attacks.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dev.fare.Classifier;
import dev.fare.attacks.tensor.Rows;
import dev.fare.torch.Host;
import org.jspecify.annotations.Nullable;

/** A loss over a classifier's logits. */
public final class LabelObjective implements ClassificationObjective {

  private final Classifier classifier;
  private final ClassificationLoss loss;
  private final NDArray labels;
  private final NDArray targets;
  private final long highestClass;

  public LabelObjective(Classifier classifier, ClassificationLoss loss, NDArray labels) {
    this(classifier, loss, checked("labels", labels), null, highest(labels));
  }

  public LabelObjective(
      Classifier classifier, ClassificationLoss loss, NDArray labels, NDArray targets) {
    this(
        classifier,
        loss,
        checked("labels", labels),
        checked("targets", targets),
        Math.max(highest(labels), highest(targets)));
    if (labels.size() != targets.size()) {
      throw new IllegalArgumentException(
          "there must be one target per label, got "
              + targets.size()
              + " for "
              + labels.size()
              + " labels");
    }
  }

  private LabelObjective(
      Classifier classifier,
      ClassificationLoss loss,
      NDArray labels,
      @Nullable NDArray targets,
      long highestClass) {
    this.classifier = classifier;
    this.loss = loss;
    this.labels = labels;
    this.targets = targets == null ? labels : targets;
    this.highestClass = highestClass;
  }

  private static NDArray checked(String name, NDArray classes) {
    DataType type = classes.getDataType();
    if (classes.getShape().dimension() != 1 || (type != DataType.INT64 && type != DataType.INT32)) {
      throw new IllegalArgumentException(
          name + " must be [N] int64 or int32, got " + classes.getShape() + " " + type);
    }
    try (NDArray lowest = classes.min()) {
      long least = (long) Host.doubles(lowest)[0];
      if (least < 0) {
        throw new IllegalArgumentException(name + " must be classes from 0 on, got " + least);
      }
    }
    return type == DataType.INT64 ? classes : classes.toType(DataType.INT64, true);
  }

  private static long highest(NDArray classes) {
    try (NDArray highest = classes.max()) {
      return (long) Host.doubles(highest)[0];
    }
  }

  @Override
  public NDArray labels() {
    return labels;
  }

  @Override
  public LabelObjective withClassifier(Classifier other) {
    return new LabelObjective(other, loss, labels, targets, highestClass);
  }

  @Override
  public LabelObjective withLoss(ClassificationLoss other) {
    if (other.isTargeted()) {
      throw new IllegalArgumentException("the loss must be one without a target, got " + other);
    }
    return new LabelObjective(classifier, other, labels, null, highestClass);
  }

  @Override
  public LabelObjective towards(NDArray wrongClasses) {
    return new LabelObjective(
        classifier, ClassificationLoss.TARGETED_DLR, labels, wrongClasses, highestClass);
  }

  @Override
  public NDArray forward(NDArray pixels) {
    NDArray logits = classifier.logits(pixels);
    long count = pixels.getShape().get(0);
    if (logits.getShape().dimension() != 2 || logits.getShape().get(0) != count) {
      throw new IllegalArgumentException(
          "a classifier must return logits [" + count + ",K], got " + logits.getShape());
    }
    if (labels.size() != count) {
      throw new IllegalArgumentException(
          "there must be one label per image, got " + labels.size() + " for " + count + " images");
    }
    long classes = logits.getShape().get(1);
    if (classes < 2 || highestClass >= classes) {
      throw new IllegalArgumentException(
          "labels must be below the number of classes (at least 2), got label "
              + highestClass
              + " with "
              + classes
              + " classes");
    }
    return logits;
  }

  @Override
  public NDArray losses(NDArray logits) {
    return loss.losses(logits, labels, targets);
  }

  @Override
  public NDArray succeeded(NDArray logits) {
    NDArray predicted = logits.argMax(1);
    return loss == ClassificationLoss.TARGETED_CROSS_ENTROPY
        ? predicted.eq(targets)
        : predicted.neq(labels);
  }

  @Override
  public LabelObjective select(NDArray rows) {
    try (NDArray lowest = rows.min();
        NDArray highest = rows.max()) {
      double[] ends = Host.doubles(lowest, highest);
      if (ends[0] < 0 || ends[1] >= labels.size()) {
        throw new IllegalArgumentException(
            "rows must be indices of the objective's "
                + labels.size()
                + " images, got "
                + (long) ends[0]
                + " to "
                + (long) ends[1]);
      }
    }
    NDArray someLabels = Rows.take(labels, rows);
    NDArray someTargets = targets == labels ? someLabels : Rows.take(targets, rows);
    return new LabelObjective(classifier, loss, someLabels, someTargets, highestClass);
  }
}
