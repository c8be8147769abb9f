package dev.fare.training.validation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.Attack;
import dev.fare.Classifier;
import dev.fare.Cosine;
import dev.fare.ImageEncoder;
import dev.fare.SelectableObjective;
import dev.fare.data.ImageDataset;
import dev.fare.torch.Host;
import dev.fare.training.loss.EmbeddingLoss;
import dev.fare.training.loss.InnerObjective;
import dev.fare.training.loss.Targets;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Whether an image is nearest to its own class.
 *
 * @param classEmbeddings {@code [classes,D]} row by row
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record AccuracyScore(float[] classEmbeddings, int classes) implements ValidationMetric {

  static AccuracyScore of(NDArray classEmbeddings) {
    EmbeddingLoss.crossEntropy(classEmbeddings); // checks the shape
    return new AccuracyScore(
        Host.floats(classEmbeddings), Math.toIntExact(classEmbeddings.getShape().get(0)));
  }

  /**
   * Refuses images that belong to none of the classes.
   *
   * @throws IllegalArgumentException naming the first
   */
  void checkLabels(ImageDataset images) {
    for (int i = 0; i < images.size(); i++) {
      OptionalInt label = images.label(i);
      if (label.isEmpty()) {
        throw new IllegalArgumentException(
            "accuracy needs labels, and " + images.name(i) + " has none: " + images.description());
      }
      if (label.getAsInt() < 0 || label.getAsInt() >= classes) {
        throw new IllegalArgumentException(
            images.name(i)
                + " is of class "
                + label.getAsInt()
                + ", and there are embeddings of classes 0 to "
                + (classes - 1));
      }
    }
  }

  @Override
  public String cleanName() {
    return "clean_accuracy";
  }

  @Override
  public String attackedName() {
    return "robust_accuracy";
  }

  @Override
  public Sums of(ImageEncoder encoder, ImageEncoder original, Images images, Attack attack) {
    NDManager manager = images.pixels().getManager();
    NDArray directions =
        Cosine.normalize(
            manager.create(classEmbeddings, new Shape(classes, classEmbeddings.length / classes)));
    int[] right = rightRows(encoder, directions, images);
    if (right.length == 0) {
      return new Sums(0, 0);
    }
    Images attacked = select(images, right);
    InnerObjective goal = (of, targets) -> new NearestClass(of, directions, targets);
    Targets targets =
        Targets.of(manager.zeros(new Shape(right.length, 1)), manager.create(attacked.labels()));
    NDArray found = attacked.attackedBy(attack, goal.objective(encoder, targets)).images();
    Images broken = new Images(found, attacked.ids(), attacked.labels());
    return new Sums(right.length, rightRows(encoder, directions, broken).length);
  }

  private static Images select(Images images, int[] rows) {
    NDArray pixels = images.pixels();
    return new Images(
        rows.length == images.ids().length
            ? pixels
            : pixels.get(pixels.getManager().create(rows).toType(DataType.INT64, false)),
        Arrays.stream(rows).mapToLong(row -> images.ids()[row]).toArray(),
        Arrays.stream(rows).mapToLong(row -> images.labels()[row]).toArray());
  }

  private static int[] rightRows(ImageEncoder encoder, NDArray directions, Images images) {
    NDArray cosines = NearestClass.cosines(encoder.embed(images.pixels()), directions);
    int[] decisions = Classifier.decisions(cosines);
    return IntStream.range(0, decisions.length)
        .filter(row -> decisions[row] == images.labels()[row])
        .toArray();
  }

  /** Cross-entropy with the success that a classification has. */
  private record NearestClass(ImageEncoder encoder, NDArray directions, Targets targets)
      implements SelectableObjective {

    static NDArray cosines(NDArray embeddings, NDArray directions) {
      return Cosine.normalize(embeddings).matMul(directions.transpose()); // [N,K]
    }

    @Override
    public NDArray forward(NDArray pixels) {
      return encoder.embed(pixels);
    }

    @Override
    public NDArray losses(NDArray outputs) {
      return EmbeddingLoss.crossEntropy(directions).losses(outputs, targets);
    }

    @Override
    public NDArray succeeded(NDArray outputs) {
      return cosines(outputs, directions).argMax(1).neq(targets.labels());
    }

    @Override
    public SelectableObjective select(NDArray rows) {
      return new NearestClass(encoder, directions, targets.select(rows));
    }
  }
}
