package dev.fare.cli.options;

import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.PgdAttack;
import dev.fare.training.FareTrainer;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What makes the adversarial images of each update. */
public final class InnerAttackOptions extends ThreatOptions.Single {

  /** The attack. */
  enum InnerAttack {
    PGD,
    APGD,
    NONE;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Option(
      names = "--attack",
      order = ClassifierAttackOptions.FIRST,
      paramLabel = "<attack>",
      description = "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}")
  private InnerAttack attack = InnerAttack.PGD;

  @Option(names = "--attack-steps", paramLabel = "<n>", description = "default ${DEFAULT-VALUE}")
  private Count steps = new Count(10);

  @Option(
      names = "--step-size",
      paramLabel = "<r>",
      description = "of PGD, such as 1/255; by default 2.5 epsilon divided by its steps")
  private @Nullable Radius stepSize;

  @Option(
      names = "--attack-distance",
      paramLabel = "<d>",
      description =
          "what the attack makes large, if not the loss: ${COMPLETION-CANDIDATES} distance to the"
              + " original's embedding")
  private LossOptions.@Nullable Distance goal;

  /** What the encoder is made robust against; nothing where it is trained on clean images. */
  public Optional<ThreatModel> trainedAgainst() {
    return attack == InnerAttack.NONE ? Optional.empty() : Optional.of(threatModel());
  }

  /** Tells a training. */
  public void describe(FareTrainer.Builder<?> training, long seed) {
    switch (attack) {
      case PGD -> {
        PgdAttack.Builder pgd = PgdAttack.builder(threatModel()).steps(steps.value()).seed(seed);
        if (stepSize != null) {
          pgd.stepSize(stepSize.value());
        }
        training.attack(pgd.build());
      }
      case APGD ->
          training.attack(
              ApgdAttack.builder(threatModel()).steps(steps.value()).seed(seed).build());
      case NONE -> training.withoutAttack();
    }
    if (stepSize != null && attack != InnerAttack.PGD) {
      throw new IllegalArgumentException(
          "--step-size is PGD's, and --attack is " + attack + "; leave one of them out");
    }
    if (goal != null) {
      training.innerObjective(goal.loss());
    }
  }
}
