package dev.fare.evaluation.vlm;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.vlm.language.GenerationOptions;
import dev.fare.vlm.llava.LlavaModel;

/** What attacks on vision-language models have in common. */
abstract class VlmAttackBuilder<B extends VlmAttackBuilder<B>> {

  final ThreatModel threatModel;
  int steps;
  int batchSize = 32;
  GenerationOptions generation = GenerationOptions.greedy(32);
  private long seed;

  VlmAttackBuilder(ThreatModel threatModel, int steps) {
    this.threatModel = requireNonNull(threatModel, "threatModel");
    this.steps = steps;
  }

  abstract B self();

  /** Iterations of APGD in each attack, at least 1; the paper's by default. */
  public B steps(int steps) {
    checkArgument(steps >= 1, "steps must be at least 1, got %s", steps);
    this.steps = steps;
    return self();
  }

  /** Pictures that are in memory together, at least 1; 32 by default. */
  public B batchSize(int batchSize) {
    checkArgument(batchSize >= 1, "batchSize must be at least 1, got %s", batchSize);
    this.batchSize = batchSize;
    return self();
  }

  /** The seed of the random starts; 0 by default. */
  public B seed(long seed) {
    this.seed = seed;
    return self();
  }

  /** How answers are written; greedily, up to 32 tokens by default. */
  public B generation(GenerationOptions generation) {
    this.generation = requireNonNull(generation, "generation");
    return self();
  }

  ApgdAttack apgd(boolean stopAtSuccess) {
    return ApgdAttack.builder(threatModel)
        .steps(steps)
        .seed(seed)
        .stopAtSuccess(stopAtSuccess)
        .build();
  }

  B copyTo(B other) {
    return other.steps(steps).batchSize(batchSize).seed(seed).generation(generation);
  }

  static NDManager newManager(LlavaModel model) {
    Device device = model.visionEncoder().device();
    return NDManager.newBaseManager(device, "PyTorch");
  }
}
