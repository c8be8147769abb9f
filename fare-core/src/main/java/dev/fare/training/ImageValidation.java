package dev.fare.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.Attack;
import dev.fare.ImageEncoder;
import dev.fare.Objective;
import dev.fare.SeededAttack;
import dev.fare.data.ImageDataset;
import dev.fare.data.ImageGathering;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Cosine or accuracy on a data set, clean and under an attack; the same draws every time. */
record ImageValidation(
    ImageDataset images, Attack attack, @Nullable NDArray classEmbeddings, int loaderThreads)
    implements Validation {

  private static final int BATCH = 32;

  @Override
  public ImageValidation withLoaderThreads(int threads) {
    return new ImageValidation(images, attack, classEmbeddings, threads);
  }

  @Override
  public Map<String, Double> measure(TrainableEncoder encoder, ImageEncoder original) {
    double[] sums = new double[2];
    for (int from = 0; from < images.size(); from += BATCH) {
      addBatch(encoder, original, from, Math.min(from + BATCH, images.size()), sums);
    }
    Map<String, Double> values = new LinkedHashMap<>();
    boolean labelled = classEmbeddings != null;
    values.put(labelled ? "clean_accuracy" : "clean_cosine", sums[0] / images.size());
    values.put(labelled ? "robust_accuracy" : "adversarial_cosine", sums[1] / images.size());
    return values;
  }

  private void addBatch(
      TrainableEncoder encoder, ImageEncoder original, int from, int to, double[] sums) {
    NDArray weight = encoder.parameters().values().iterator().next();
    try (TensorScope scope = TensorScope.of(weight);
        GradMode off = GradMode.off()) {
      NDArray x = read(scope.manager(), from, to, encoder.imageSize());
      NDArray classes = classEmbeddings;
      Targets targets = Targets.of(original.embed(x), labels(scope.manager(), from, to));
      EmbeddingLoss loss =
          classes == null ? EmbeddingLoss.squaredDistance() : EmbeddingLoss.crossEntropy(classes);
      NDArray worst = perturb(loss.objective(encoder, targets), x, from, to);
      sums[0] += score(encoder.embed(x), targets);
      sums[1] += score(encoder.embed(worst), targets);
    }
  }

  private NDArray perturb(Objective objective, NDArray x, int from, int to) {
    if (attack instanceof SeededAttack seeded) {
      long[] ids = LongStream.range(from, to).toArray();
      return seeded.perturb(objective, x, ids).highestLossImages();
    }
    return attack.perturb(objective, x).highestLossImages();
  }

  /** Sum of cosines, or number of right answers. */
  private double score(NDArray embeddings, Targets targets) {
    if (classEmbeddings == null) {
      return Cosine.between(embeddings, targets.reference()).sum().getFloat();
    }
    NDArray cosines =
        Cosine.normalize(embeddings).matMul(Cosine.normalize(classEmbeddings).transpose());
    NDArray right = cosines.argMax(1).eq(targets.labels());
    return right.toType(DataType.FLOAT32, false).sum().getFloat();
  }

  private NDArray read(NDManager manager, int from, int to, int imageSize) {
    List<Integer> chosen = IntStream.range(from, to).boxed().toList();
    try {
      return manager.create(
          new ImageGathering(images, imageSize, loaderThreads).read(chosen),
          new Shape(chosen.size(), 3, imageSize, imageSize));
    } catch (IOException e) {
      throw new UncheckedIOException("validation needs all its images: " + e.getMessage(), e);
    }
  }

  private @Nullable NDArray labels(NDManager manager, int from, int to) {
    return classEmbeddings == null
        ? null
        : manager.create(
            IntStream.range(from, to)
                .mapToLong(index -> images.label(index).orElseThrow())
                .toArray());
  }

  /** What is measured, in a run's settings; who reads the images is no part of it. */
  @Override
  public String toString() {
    return (classEmbeddings == null ? "closeness" : "accuracy")
        + " on "
        + images.description()
        + " under "
        + TrainingSettings.describe(attack);
  }
}
