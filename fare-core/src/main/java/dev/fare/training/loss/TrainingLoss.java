package dev.fare.training.loss;

import ai.djl.ndarray.NDArray;

/**
 * What a training step minimises, in the mean over its images.
 *
 * <p>A loss reads from {@link LossInputs} what it is made of and pays only for that: the embedding
 * of the clean image costs a further forward pass.
 */
@FunctionalInterface
public interface TrainingLoss {

  /**
   * The loss of each image.
   *
   * @return {@code [N]}, recorded with respect to the encoder's weights
   */
  NDArray losses(LossInputs inputs);

  /** What the attack of the step climbs, unless the trainer is told otherwise. */
  default InnerObjective innerObjective() {
    return EmbeddingLoss.squaredDistance();
  }

  /** Whether {@link Targets#tokens} are needed; the encoder must then be a {@link TokenEncoder}. */
  default boolean readsTokens() {
    return false;
  }

  /**
   * FARE (Robust CLIP, equation 3): the squared distance of the adversarial image's embedding to
   * the original's embedding of the clean image.
   */
  static TrainingLoss fare() {
    return of(EmbeddingLoss.squaredDistance());
  }

  /** A loss of the adversarial image against the original's embedding of the clean one. */
  static TrainingLoss of(EmbeddingLoss loss) {
    return new TrainingLosses.Adversarial(loss);
  }

  /**
   * TeCoA (Mao et al., 2023): supervised, cross-entropy over {@code 100 · cosine}.
   *
   * @param classEmbeddings {@code [K,D]} text embeddings of the classes, owned by the caller
   */
  static TrainingLoss tecoa(NDArray classEmbeddings) {
    return of(EmbeddingLoss.crossEntropy(classEmbeddings));
  }

  /**
   * TRADES (Zhang et al., 2019) for embeddings: the target is what the trained encoder itself makes
   * of the clean image, held fixed; the attack still leads away from the original's embedding.
   */
  static TrainingLoss trades(EmbeddingLoss loss) {
    return new TrainingLosses.Trades(loss);
  }

  /**
   * Sim-CLIP (Hossain and Imteaj, 2024), as its text has it: one minus the cosine between the
   * trained encoder's embeddings of the clean and of the adversarial image, each in turn held
   * fixed. Nothing holds them near the original's, and at a high learning rate they become one
   * constant. The authors' published script compares with the frozen original instead: {@code
   * of(EmbeddingLoss.cosineDistance())}, attacked by {@link EmbeddingLoss#squaredDistance}.
   */
  static TrainingLoss simClip() {
    return new TrainingLosses.SimClip();
  }

  /**
   * {@code weight · clean + (1 − weight) · this}, where the clean part compares the trained
   * encoder's embedding of the clean image with the original's.
   *
   * @param clean the loss of the clean image
   * @param weight in (0, 1)
   */
  default TrainingLoss withClean(EmbeddingLoss clean, double weight) {
    return new TrainingLosses.WithClean(this, clean, weight);
  }

  /**
   * This loss plus {@code weight ·} the squared distance of the adversarial image's patch tokens to
   * the original's of the clean image, summed over channels, in the mean over tokens. The attack
   * climbs both.
   *
   * @param embeddingLoss what the attack climbs besides the tokens
   * @param weight above 0
   */
  default TrainingLoss withTokens(EmbeddingLoss embeddingLoss, double weight) {
    return new TrainingLosses.WithTokens(this, embeddingLoss, weight);
  }
}
