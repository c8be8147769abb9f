package dev.fare.training;

import ai.djl.ndarray.NDArray;
import com.google.common.hash.Hashing;
import dev.fare.Attack;
import dev.fare.SeededAttack;
import dev.fare.training.loss.InnerObjective;
import dev.fare.training.loss.TokenEncoder;
import dev.fare.training.loss.TrainingLoss;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What every step computes, whichever encoder it is computed with: the trained one or a replica.
 *
 * @param attack null to train on clean images
 * @param innerObjective what the attack climbs
 * @param activationCheckpointing whether activations are computed again
 * @param frozen which weights are left as they are, by name
 */
record StepPlan(
    @Nullable Attack attack,
    TrainingLoss loss,
    InnerObjective innerObjective,
    boolean activationCheckpointing,
    Predicate<String> frozen) {

  /**
   * Refuses an encoder that the loss can't be computed with.
   *
   * @throws IllegalArgumentException if the loss needs more than an embedding and it has no more
   */
  void check(TrainableEncoder encoder) {
    if (loss.readsTokens() && !(encoder instanceof TokenEncoder)) {
      throw new IllegalArgumentException(
          "the loss reads patch tokens, which "
              + encoder.getClass().getSimpleName()
              + " does not give; it must be a TokenEncoder");
    }
  }

  /**
   * What is to be said of an attack whose random draws, if it has any, are not an image's own.
   *
   * @param resumable whether there are checkpoints
   */
  Optional<String> warning(TrainingSettings settings, boolean resumable) {
    boolean divided = settings.microBatchSize() < settings.batchSize() || settings.devices() > 1;
    if (attack == null || attack instanceof SeededAttack || !(divided || resumable)) {
      return Optional.empty();
    }
    return Optional.of(
        "the attack "
            + settings.attack()
            + " is no SeededAttack: if it draws random numbers, they depend on how a batch is"
            + " divided, and a run that goes on from a checkpoint draws others than it would have");
  }

  /**
   * A copy of the encoder's own type.
   *
   * @throws IllegalArgumentException if its {@code copy()} gives something else
   */
  @SuppressWarnings("unchecked")
  static <E extends TrainableEncoder> E copyOf(E encoder) {
    TrainableEncoder copy = encoder.copy();
    if (!encoder.getClass().isInstance(copy)) {
      copy.close();
      throw new IllegalArgumentException(
          "copy() must give another "
              + encoder.getClass().getSimpleName()
              + ", got "
              + copy.getClass().getSimpleName());
    }
    return (E) copy;
  }

  /** The mathematics of a step on one device. */
  FareStep stepFor(TrainableEncoder trained, TrainableEncoder original) {
    List<NDArray> weights = List.copyOf(trainedWeights(trained).values());
    return new FareStep(differentiated(trained), original, attack, loss, innerObjective, weights);
  }

  /** The encoder as its gradients are computed. */
  TrainableEncoder differentiated(TrainableEncoder trained) {
    return activationCheckpointing ? trained.withActivationCheckpointing() : trained;
  }

  /** The weights that are not frozen, by name. */
  Map<String, NDArray> trainedWeights(TrainableEncoder of) {
    Map<String, NDArray> trained = new LinkedHashMap<>(of.parameters());
    trained.keySet().removeIf(frozen);
    if (trained.isEmpty()) {
      throw new IllegalArgumentException(
          "all " + of.parameters().size() + " weights are frozen: there is nothing to train");
    }
    return trained;
  }

  /** {@code none}, or a SHA-256 of the names of the weights that are frozen, in their order. */
  String frozenNames(TrainableEncoder of) {
    List<String> names = of.parameters().keySet().stream().filter(frozen).toList();
    return names.isEmpty()
        ? "none"
        : Hashing.sha256().hashString(String.join("\n", names), StandardCharsets.UTF_8).toString();
  }
}
