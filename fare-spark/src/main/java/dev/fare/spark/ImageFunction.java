package dev.fare.spark;

import ai.djl.ndarray.NDArray;
import com.google.common.hash.Hashing;
import dev.fare.AttackOptions;
import dev.fare.ThreatModel;
import dev.fare.attacks.Objectives;
import dev.fare.attacks.PgdAttack;
import dev.fare.models.RobustClipEncoder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.Map;

/**
 * What is computed for each image of a shard; sent to the executors, so it holds settings and no
 * weights.
 */
@FunctionalInterface
public interface ImageFunction extends Serializable {

  /**
   * Computes.
   *
   * @param encoder the executor's, shared by its threads
   * @param pixels {@code [N,3,S,S]} float32 in [0,1]
   * @param first the position of the first image among all
   * @return float32 arrays {@code [N,…]} by name, which are written
   */
  Map<String, NDArray> apply(RobustClipEncoder encoder, NDArray pixels, long first);

  /**
   * The same where each image's position matters: pictures that can't be read leave gaps.
   *
   * @param positions of each row's image among all, which random draws should follow from
   */
  default Map<String, NDArray> apply(RobustClipEncoder encoder, NDArray pixels, long[] positions) {
    return apply(encoder, pixels, positions[0]);
  }

  /**
   * What tells this function from others: results are gone on with where it is the same. By default
   * a digest of the serialised function, with all that it captures; it may change when the host
   * program is compiled again, {@link #named} doesn't.
   */
  default String identity() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(this);
    } catch (IOException e) {
      throw new UncheckedIOException("the function can't be sent to executors", e);
    }
    return "function " + Hashing.sha256().hashBytes(bytes.toByteArray());
  }

  /**
   * The same function under a name.
   *
   * @param name says what it computes with which settings
   */
  default ImageFunction named(String name) {
    return new NamedFunction(name, this);
  }

  /** The embeddings {@code [N,D]}, not normalised. */
  static ImageFunction embedding() {
    ImageFunction function = (encoder, pixels, first) -> Map.of("embedding", encoder.embed(pixels));
    return function.named("embedding");
  }

  /**
   * How far PGD moves the embedding within an l∞ ball: {@code embedding [N,D]} of the image as it
   * is, and {@code shift [N]}, the squared distance that the attack reached.
   *
   * @param epsilon in pixel space, such as {@code 4 / 255.0}
   * @param steps of a quarter of epsilon
   * @param seed of the random starts; an image's depends on its position and on nothing else
   */
  static ImageFunction embeddingShift(double epsilon, int steps, long seed) {
    return new EmbeddingShift(epsilon, steps, seed);
  }

  /** A function under a name. */
  record NamedFunction(String identity, ImageFunction function) implements ImageFunction {
    @Override
    public Map<String, NDArray> apply(RobustClipEncoder encoder, NDArray pixels, long first) {
      return function.apply(encoder, pixels, first);
    }

    @Override
    public Map<String, NDArray> apply(RobustClipEncoder encoder, NDArray pixels, long[] positions) {
      return function.apply(encoder, pixels, positions);
    }
  }

  /** See {@link #embeddingShift}. */
  record EmbeddingShift(double epsilon, int steps, long seed) implements ImageFunction {
    @Override
    public Map<String, NDArray> apply(RobustClipEncoder encoder, NDArray pixels, long first) {
      long[] positions = new long[Math.toIntExact(pixels.getShape().get(0))];
      for (int row = 0; row < positions.length; row++) {
        positions[row] = first + row;
      }
      return apply(encoder, pixels, positions);
    }

    @Override
    public Map<String, NDArray> apply(RobustClipEncoder encoder, NDArray pixels, long[] positions) {
      NDArray clean = encoder.embed(pixels);
      PgdAttack attack =
          PgdAttack.builder(ThreatModel.linf(epsilon))
              .steps(steps)
              .stepSize(epsilon / 4)
              .seed(seed)
              .build();
      AttackOptions options = AttackOptions.none().withImageIds(positions);
      NDArray shift =
          attack.perturb(Objectives.embeddingDistance(encoder, clean), pixels, options).losses();
      return Map.of("embedding", clean, "shift", shift);
    }

    @Override
    public String identity() {
      return toString();
    }
  }
}
