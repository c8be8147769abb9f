package dev.fare.evaluation;

import static com.google.common.base.Preconditions.checkArgument;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.Cosine;
import dev.fare.ImageEncoder;
import dev.fare.data.ImageDataset;
import dev.fare.torch.TensorScope;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * How alike images look to an encoder: the cosine of their embeddings.
 *
 * <p>With a robust encoder the measure can't be fooled by invisible changes: an image that looks
 * the same to us stays similar, whatever an attacker adds within the radius it was trained for.
 *
 * <p>Doesn't own the encoder. Safe for use from many threads, as far as the encoder is.
 */
public final class PerceptualSimilarity {

  private static final int BATCH = 64;

  /**
   * Two images that look alike.
   *
   * @param first index in the data set
   * @param second a larger index
   * @param similarity in [−1,1]
   */
  public record Pair(int first, int second, double similarity) {}

  private final ImageEncoder encoder;

  private PerceptualSimilarity(ImageEncoder encoder) {
    this.encoder = encoder;
  }

  /** The similarity that an encoder sees. */
  public static PerceptualSimilarity of(ImageEncoder encoder) {
    return new PerceptualSimilarity(encoder);
  }

  /**
   * Compares images row by row.
   *
   * @param first {@code [N,3,H,W]} float32 in [0,1]
   * @param second the same number of images
   * @return {@code [N]} in [−1,1], recorded for autograd where the calling thread records
   */
  public NDArray between(NDArray first, NDArray second) {
    checkArgument(
        first.getShape().get(0) == second.getShape().get(0),
        "there must be as many first as second images, got %s and %s",
        first.getShape(),
        second.getShape());
    try (NDArray ofFirst = encoder.embed(first);
        NDArray ofSecond = encoder.embed(second)) {
      return Cosine.between(ofFirst, ofSecond);
    }
  }

  /**
   * Compares every image with every other.
   *
   * @param first {@code [N,3,H,W]} float32 in [0,1]
   * @param second {@code [M,3,H,W]}
   * @return {@code [N,M]} in [−1,1]
   */
  public NDArray matrix(NDArray first, NDArray second) {
    try (NDArray rows = unit(first);
        NDArray others = unit(second);
        NDArray columns = others.transpose()) {
      return rows.matMul(columns);
    }
  }

  private NDArray unit(NDArray pixels) {
    try (NDArray embeddings = encoder.embed(pixels)) {
      return Cosine.normalize(embeddings);
    }
  }

  /**
   * Finds near-duplicates in a data set by comparing all pairs.
   *
   * @param threshold pairs at least this similar are returned, in [−1,1]; 0.95 is a place to start
   * @return the most similar first
   * @throws java.io.UncheckedIOException if an image can't be read
   */
  public List<Pair> duplicates(ImageDataset data, double threshold) {
    checkArgument(
        threshold >= -1 && threshold <= 1, "threshold must be in [-1,1], got %s", threshold);
    float[][] embeddings = embeddings(data);
    List<Pair> pairs = new ArrayList<>();
    for (int i = 0; i < embeddings.length; i++) {
      for (int j = i + 1; j < embeddings.length; j++) {
        double similarity = Cosine.between(embeddings[i], embeddings[j]);
        if (similarity >= threshold) {
          pairs.add(new Pair(i, j, similarity));
        }
      }
    }
    pairs.sort(Comparator.comparingDouble(Pair::similarity).reversed());
    return List.copyOf(pairs);
  }

  private float[][] embeddings(ImageDataset data) {
    ImageReader reader = new ImageReader(data, encoder.imageSize(), 0);
    List<float[]> embeddings = new ArrayList<>();
    try (NDManager manager = NDManager.newBaseManager(encoder.device(), "PyTorch")) {
      for (List<Integer> images : reader.batches(BATCH)) {
        try (TensorScope scope = TensorScope.of(manager)) {
          NDArray pixels = reader.pixels(images, scope.manager());
          embeddings.addAll(List.of(Embeddings.of(encoder, pixels)));
        }
      }
    }
    return embeddings.toArray(float[][]::new);
  }
}
