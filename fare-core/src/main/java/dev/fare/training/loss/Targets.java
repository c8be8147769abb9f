package dev.fare.training.loss;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dev.fare.torch.Host;
import org.jspecify.annotations.Nullable;

/** What the embeddings of a batch should have been. */
public final class Targets {

  private final NDArray reference;
  private final @Nullable NDArray labels;
  private final @Nullable NDArray tokens;

  /** What the labels are known to be below, so that they leave the device once. */
  private long labelsAreBelow;

  private Targets(
      NDArray reference, @Nullable NDArray labels, @Nullable NDArray tokens, long labelsAreBelow) {
    this.reference = requireNonNull(reference, "reference");
    this.labels = labels;
    this.tokens = tokens;
    this.labelsAreBelow = labelsAreBelow;
    if (labels != null
        && (labels.getDataType() != DataType.INT64
            || labels.getShape().dimension() != 1
            || labels.getShape().get(0) != reference.getShape().get(0))) {
      throw new IllegalArgumentException(
          "labels must be int64 ["
              + reference.getShape().get(0)
              + "], one for each image, got "
              + labels.getDataType()
              + " "
              + labels.getShape());
    }
  }

  /**
   * Targets of unlabelled images.
   *
   * @param reference {@code [N,D]}
   */
  public static Targets of(NDArray reference) {
    return new Targets(reference, null, null, Long.MAX_VALUE);
  }

  /**
   * Targets of labelled images.
   *
   * @param reference {@code [N,D]}
   * @param labels {@code [N]} int64, or null where there are none
   */
  public static Targets of(NDArray reference, @Nullable NDArray labels) {
    return new Targets(reference, labels, null, Long.MAX_VALUE);
  }

  /** The original encoder's embeddings of the clean images, {@code [N,D]}. */
  public NDArray reference() {
    return reference;
  }

  /**
   * The classes, {@code [N]} int64.
   *
   * @throws IllegalStateException if the images have none
   */
  public NDArray labels() {
    if (labels == null) {
      throw new IllegalStateException(
          "the loss needs labels and there are none: call step(pixels, labels), or fit a data set"
              + " with labels");
    }
    return labels;
  }

  /**
   * The classes, {@code [N]} int64, all of them in {@code [0, classes)}; a GPU would answer others
   * by refusing all further work.
   *
   * @param classes how many the loss knows
   * @throws IllegalArgumentException naming a label that is none of them
   * @throws IllegalStateException if the images have none
   */
  public NDArray labels(long classes) {
    NDArray array = labels();
    if (classes < labelsAreBelow) {
      long[] values = Host.longs(array);
      for (long value : values) {
        if (value < 0 || value >= classes) {
          throw new IllegalArgumentException(
              "labels must be one of the loss's classes, 0 to "
                  + (classes - 1)
                  + ", got "
                  + value
                  + "; give the loss an embedding of each class of the data, in their order");
        }
      }
      labelsAreBelow = classes;
    }
    return array;
  }

  /**
   * The original encoder's patch tokens of the clean images, {@code [N,T,C]}.
   *
   * @throws IllegalStateException if the loss does not say that it reads tokens
   */
  public NDArray tokens() {
    if (tokens == null) {
      throw new IllegalStateException(
          "there are no reference tokens: a loss that reads them must say so in readsTokens()");
    }
    return tokens;
  }

  /** The same with the original's patch tokens. */
  public Targets withTokens(NDArray referenceTokens) {
    return new Targets(reference, labels, referenceTokens, labelsAreBelow);
  }

  /** The same labels with other embeddings. */
  Targets withReference(NDArray other) {
    return new Targets(other, labels, tokens, labelsAreBelow);
  }

  /** The targets of some of the images; what is allocated belongs to the rows' manager. */
  public Targets select(NDArray rows) {
    return new Targets(
        taken(reference, rows),
        labels == null ? null : taken(labels, rows),
        tokens == null ? null : taken(tokens, rows),
        labelsAreBelow);
  }

  private static NDArray taken(NDArray array, NDArray rows) {
    NDArray selected = array.get(rows);
    selected.attach(rows.getManager());
    return selected;
  }
}
