package dev.fare.training.loss;

import ai.djl.ndarray.NDArray;
import dev.fare.ImageEncoder;
import dev.fare.torch.GradMode;
import dev.fare.training.loss.TokenEncoder.EmbeddedTokens;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a loss may look at; each embedding is computed when it is first asked for. */
public final class LossInputs {

  private final ImageEncoder encoder;
  private final NDArray cleanPixels;
  private final NDArray adversarialPixels;
  private final Targets targets;
  private @Nullable NDArray adversarial;
  private @Nullable NDArray adversarialTokens;
  private @Nullable NDArray clean;
  private @Nullable NDArray fixedClean;

  public LossInputs(
      ImageEncoder encoder, NDArray cleanPixels, NDArray adversarialPixels, Targets targets) {
    this.encoder = encoder;
    this.cleanPixels = cleanPixels;
    this.adversarialPixels = adversarialPixels;
    this.targets = targets;
  }

  /** The trained encoder's embeddings of the adversarial images, {@code [N,D]}, recorded. */
  public NDArray adversarial() {
    if (adversarial == null) {
      adversarial = encoder.embed(adversarialPixels);
    }
    return adversarial;
  }

  /**
   * The trained encoder's patch tokens of the adversarial images, {@code [N,T,C]}, recorded. Asked
   * for before {@link #adversarial}, the two cost one forward pass.
   */
  public NDArray adversarialTokens() {
    if (adversarialTokens == null) {
      EmbeddedTokens both = ((TokenEncoder) encoder).embedWithTokens(adversarialPixels);
      adversarial = both.embedding();
      adversarialTokens = both.tokens();
    }
    return adversarialTokens;
  }

  /** The trained encoder's embeddings of the clean images, {@code [N,D]}, recorded. */
  public NDArray clean() {
    if (clean == null) {
      clean = encoder.embed(cleanPixels);
    }
    return clean;
  }

  /** The values of {@link #clean}, without their history. */
  public NDArray fixedClean() {
    if (fixedClean == null) {
      fixedClean = clean == null ? unrecordedClean() : clean.stopGradient();
    }
    return fixedClean;
  }

  private NDArray unrecordedClean() {
    try (GradMode off = GradMode.noGrad()) {
      return encoder.embed(cleanPixels);
    }
  }

  /** The original encoder's embeddings of the clean images, and the labels if there are any. */
  public Targets targets() {
    return targets;
  }

  /** What has been computed of the clean images already. */
  public Optional<NDArray> cleanIfComputed() {
    return Optional.ofNullable(clean == null ? fixedClean : clean);
  }
}
