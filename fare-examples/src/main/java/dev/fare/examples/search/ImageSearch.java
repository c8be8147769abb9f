package dev.fare.examples.search;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.ImageEncoder;
import dev.fare.data.ImageDataset;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Finds the pictures that look most like a query, by the cosine of their embeddings.
 *
 * <p>The encoder is a parameter: swapping it is the one line in which the search is made.
 */
public final class ImageSearch implements AutoCloseable {

  private static final int BATCH = 64;

  private final ImageEncoder encoder;
  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final NDArray index; // [D, pictures], unit columns

  /**
   * One picture that was found.
   *
   * @param picture its index in the collection
   * @param similarity cosine to the query, in [−1,1]
   */
  public record Hit(int picture, double similarity) {}

  /**
   * Indexes a collection.
   *
   * @param encoder embeds collection and queries; closed by its owner
   * @param collection what can be found
   * @throws IOException if a picture can't be read
   */
  public ImageSearch(ImageEncoder encoder, ImageDataset collection) throws IOException {
    this.encoder = encoder;
    try (TensorScope scope = TensorScope.of(manager);
        GradMode off = GradMode.noGrad()) {
      List<NDArray> parts = new ArrayList<>();
      for (int from = 0; from < collection.size(); from += BATCH) {
        int count = Math.min(BATCH, collection.size() - from);
        parts.add(unit(encoder.embed(read(scope, collection, from, count))));
      }
      NDList rows = new NDList(parts);
      index = scope.keep(NDArrays.concat(rows, 0).transpose().duplicate(), manager);
    }
  }

  private NDArray read(TensorScope scope, ImageDataset collection, int from, int count)
      throws IOException {
    int size = encoder.imageSize();
    FloatBuffer pixels = FloatBuffer.allocate(count * 3 * size * size);
    for (int i = from; i < from + count; i++) {
      collection.read(i, size, pixels);
    }
    return scope.manager().create(pixels.flip(), new Shape(count, 3, size, size));
  }

  /**
   * The best hits for one query.
   *
   * @param pixels {@code [1,3,S,S]} float32 in [0,1]
   * @param count how many, best first
   */
  public List<Hit> search(NDArray pixels, int count) {
    try (TensorScope scope = TensorScope.of(manager);
        GradMode off = GradMode.noGrad()) {
      float[] similarities = unit(encoder.embed(scope.view(pixels))).matMul(index).toFloatArray();
      return IntStream.range(0, similarities.length)
          .boxed()
          .sorted((a, b) -> Float.compare(similarities[b], similarities[a]))
          .limit(count)
          .map(picture -> new Hit(picture, similarities[picture]))
          .toList();
    }
  }

  private static NDArray unit(NDArray embeddings) {
    return embeddings.div(embeddings.square().sum(new int[] {1}, true).sqrt());
  }

  @Override
  public void close() {
    manager.close();
  }
}
