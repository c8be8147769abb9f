package dev.fare.training;

import ai.djl.ndarray.NDArray;
import dev.fare.Attack;
import dev.fare.AttackOptions;
import dev.fare.Cosine;
import dev.fare.ImageEncoder;
import dev.fare.Objective;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import dev.fare.training.BatchGradient.Metric;
import dev.fare.training.StepClock.Part;
import dev.fare.training.loss.InnerObjective;
import dev.fare.training.loss.LossInputs;
import dev.fare.training.loss.Targets;
import dev.fare.training.loss.TokenEncoder;
import dev.fare.training.loss.TokenEncoder.EmbeddedTokens;
import dev.fare.training.loss.TrainingLoss;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The mathematics of one step: where the original saw the clean image, which image nearby the
 * trained encoder misunderstands most, and the gradient that corrects it.
 *
 * @param encoder φ, being trained
 * @param original φ_original, frozen
 * @param attack null to train on clean images
 * @param weights those of φ that are trained
 */
record FareStep(
    ImageEncoder encoder,
    ImageEncoder original,
    @Nullable Attack attack,
    TrainingLoss loss,
    InnerObjective innerObjective,
    List<NDArray> weights) {

  /**
   * Adds the gradient of some images to that of their batch.
   *
   * @param images {@code [n,3,H,W]}
   * @param labels {@code [n]} int64, null without
   * @param reference the original's embeddings {@code [n,D]} if they are known, else null
   * @param rows the images' numbers in their batch
   * @param seed of the attack's draws
   * @param measureClean whether the clean cosine is worth a forward pass where the loss has none
   */
  void addGradient(
      NDArray images,
      @Nullable NDArray labels,
      @Nullable NDArray reference,
      long[] rows,
      long seed,
      boolean measureClean,
      BatchGradient batch,
      StepClock clock) {
    try (TensorScope scope = TensorScope.of(images);
        GradMode off = GradMode.noGrad()) {
      NDArray x = scope.view(images);
      Targets targets = targets(x, labels, reference);
      clock.lap(Part.REFERENCE);
      NDArray adversarial = perturb(innerObjective.objective(encoder, targets), x, rows, seed);
      clock.lap(Part.ATTACK);
      LossInputs inputs = new LossInputs(encoder, x, adversarial, targets);
      addGradient(inputs, batch, scope);
      addCosines(inputs, measureClean, batch, scope);
      clock.lap(Part.GRADIENT);
    }
  }

  private Targets targets(NDArray x, @Nullable NDArray labels, @Nullable NDArray reference) {
    if (reference != null) {
      return Targets.of(reference, labels);
    }
    if (loss.readsTokens()) {
      EmbeddedTokens both = ((TokenEncoder) original).embedWithTokens(x);
      return Targets.of(both.embedding(), labels).withTokens(both.tokens());
    }
    return Targets.of(original.embed(x), labels);
  }

  /** Not the first success but the worst case: training wants the inner problem's maximum. */
  private NDArray perturb(Objective objective, NDArray x, long[] rows, long seed) {
    if (attack == null) {
      return x;
    }
    AttackOptions options = AttackOptions.none().withSeed(seed).withImageIds(rows);
    return attack.perturb(objective, x, options).highestLossImages();
  }

  private void addGradient(LossInputs inputs, BatchGradient batch, TensorScope scope) {
    weights.forEach(weight -> weight.setRequiresGradient(true));
    try (GradMode on = GradMode.enableGrad()) {
      NDArray sum = loss.losses(inputs).sum();
      batch.add(Metric.LOSS, sum, scope);
      batch.addGradient(Autograd.scaled(sum, 1.0 / batch.images()), weights, scope);
    } finally {
      weights.forEach(weight -> weight.setRequiresGradient(false));
    }
  }

  private static void addCosines(
      LossInputs inputs, boolean measureClean, BatchGradient batch, TensorScope scope) {
    NDArray reference = inputs.targets().reference();
    NDArray adversarial = Cosine.between(inputs.adversarial(), reference).sum();
    batch.add(Metric.ADVERSARIAL_COSINE, adversarial, scope);
    if (inputs.cleanIfComputed().isPresent() || measureClean) {
      NDArray clean = inputs.cleanIfComputed().orElseGet(inputs::fixedClean);
      batch.add(Metric.CLEAN_COSINE, Cosine.between(clean, reference).sum(), scope);
    }
  }
}
