package dev.fare.training.validation;

import ai.djl.ndarray.NDArray;
import dev.fare.Attack;
import dev.fare.Cosine;
import dev.fare.ImageEncoder;
import dev.fare.Objective;
import dev.fare.torch.Host;
import dev.fare.training.loss.EmbeddingLoss;
import dev.fare.training.loss.Targets;

/** The cosine to the original's embedding of the clean image. */
record ClosenessScore() implements ValidationMetric {

  @Override
  public String cleanName() {
    return "clean_cosine";
  }

  @Override
  public String attackedName() {
    return "adversarial_cosine";
  }

  @Override
  public Sums of(ImageEncoder encoder, ImageEncoder original, Images images, Attack attack) {
    NDArray x = images.pixels();
    NDArray reference = original.embed(x);
    Objective distance = EmbeddingLoss.squaredDistance().objective(encoder, Targets.of(reference));
    NDArray worst = images.attackedBy(attack, distance).highestLossImages();
    return new Sums(cosines(encoder.embed(x), reference), cosines(encoder.embed(worst), reference));
  }

  private static double cosines(NDArray embeddings, NDArray reference) {
    return Host.floats(Cosine.between(embeddings, reference).sum())[0];
  }
}
