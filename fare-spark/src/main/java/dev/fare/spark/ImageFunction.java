package dev.fare.spark;

import ai.djl.ndarray.NDArray;
import dev.fare.ThreatModel;
import dev.fare.attacks.Objectives;
import dev.fare.attacks.PgdAttack;
import dev.fare.models.RobustClipEncoder;
import java.io.Serializable;
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

  /** The embeddings {@code [N,D]}, not normalised. */
  static ImageFunction embedding() {
    return (encoder, pixels, first) -> Map.of("embedding", encoder.embed(pixels));
  }

  /**
   * How far PGD moves the embedding within an l∞ ball: {@code embedding [N,D]} of the image as it
   * is, and {@code shift [N]}, the squared distance that the attack reached.
   *
   * @param epsilon in pixel space, such as {@code 4 / 255.0}
   * @param steps of a quarter of epsilon
   * @param seed of the random starts; an image's depends on its shard and place and on nothing else
   */
  static ImageFunction embeddingShift(double epsilon, int steps, long seed) {
    return (encoder, pixels, first) -> {
      NDArray clean = encoder.embed(pixels);
      PgdAttack attack =
          PgdAttack.builder(ThreatModel.linf(epsilon))
              .steps(steps)
              .stepSize(epsilon / 4)
              .seed(seed + first)
              .build();
      NDArray shift = attack.perturb(Objectives.embeddingDistance(encoder, clean), pixels).losses();
      return Map.of("embedding", clean, "shift", shift);
    };
  }
}
