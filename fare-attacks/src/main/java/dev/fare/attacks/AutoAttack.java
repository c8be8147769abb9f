package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import dev.fare.Attack;
import dev.fare.AttackOptions;
import dev.fare.AttackResult;
import dev.fare.AttackResult.Scores;
import dev.fare.Norm;
import dev.fare.ThreatModel;
import dev.fare.attacks.objective.ClassificationLoss;
import dev.fare.attacks.objective.ClassificationObjective;
import dev.fare.attacks.run.AttackRun;
import dev.fare.attacks.run.BestFound;
import dev.fare.attacks.run.Found;
import dev.fare.attacks.run.Restarts;
import dev.fare.torch.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * AutoAttack (Croce &amp; Hein, 2020): several attacks one after the other, each on the images that
 * the ones before could not fool, with no settings to get wrong.
 *
 * <p>It takes a {@link ClassificationObjective}, whose own loss it does not use, and returns the
 * first adversarial image that is found for each image. {@code AutoAttackEvaluation} of the
 * evaluation module gives the robust accuracy with a table and warnings.
 */
public final class AutoAttack extends ImageAttack {

  /** Which attacks run. */
  public enum Version {
    /** APGD-CE, targeted APGD-DLR, targeted FAB and Square: the one that papers report. */
    STANDARD,
    /** STANDARD with five restarts, APGD-DLR and untargeted FAB. */
    PLUS,
    /** For models that draw random numbers: APGD-CE and APGD-DLR with 20 gradients a step. */
    RAND,
    /**
     * The evaluation of Robust CLIP (Schlarmann et al., 2024): APGD-CE with five restarts and, from
     * three classes on, targeted APGD-DLR.
     */
    PAPER
  }

  /**
   * One of the attacks.
   *
   * @param name shown in the table
   * @param loss which it climbs; attacks that look at classes themselves don't use it
   * @param attack in the same threat model; a caller's own is treated like the library's: it gets
   *     the images that are still robust, and what it returns is checked
   * @param leastClasses it is left out for models with fewer
   */
  public record Part(String name, ClassificationLoss loss, Attack attack, int leastClasses) {

    /** A part for any number of classes. */
    public Part(String name, ClassificationLoss loss, Attack attack) {
      this(name, loss, attack, 2);
    }
  }

  private final Builder settings;
  private final List<Part> parts;

  private AutoAttack(Builder builder) {
    super(builder);
    settings = builder;
    parts = builder.buildParts();
  }

  /** Starts with the standard version. */
  public static Builder builder(ThreatModel threatModel) {
    return new Builder(threatModel);
  }

  /** The attacks in their order. */
  public List<Part> parts() {
    return parts;
  }

  /** Whether it is the version for models that draw random numbers. */
  public boolean expectsRandomModel() {
    return settings.version == Version.RAND;
  }

  @Override
  Found search(AttackRun run, @Nullable NDArray start) {
    List<Part> fitting = fitting(run);
    return new Restarts(fitting.size(), false)
        .search(run, BestFound.ofCleanImages(run), (some, rows, i) -> search(fitting.get(i), some));
  }

  /** Any attack's result is held to the ball and looked at again. */
  private static Found search(Part part, AttackRun run) {
    AttackOptions options =
        AttackOptions.none()
            .withSeed(run.random().seed())
            .withImageIds(run.random().imageIds())
            .withControl(run.budget().remaining());
    AttackResult result =
        part.attack()
            .perturb(run.classification().withLoss(part.loss()), run.ball().center(), options);
    run.budget().spent(result);
    NDArray images = run.ball().admit(part.name(), result.images());
    NDArray highest =
        result.highestLossImages() == result.images()
            ? images
            : run.ball().admit(part.name(), result.highestLossImages());
    Scores scores = new Scores(result.losses(), run.evaluate(images).succeeded());
    return new Found(images, highest, scores);
  }

  private List<Part> fitting(AttackRun run) {
    if (parts.stream().allMatch(part -> part.leastClasses() <= 2)) {
      return parts;
    }
    try (TensorScope scope = TensorScope.of(run.manager())) {
      long classes = run.logits(run.ball().center()).getShape().get(1);
      return parts.stream().filter(part -> part.leastClasses() <= classes).toList();
    }
  }

  /** Settings of an {@link AutoAttack}. */
  public static final class Builder extends AttackBuilder<Builder> {

    private Version version = Version.STANDARD;
    private List<Part> custom = List.of();
    private int steps = 100;
    private int queries = 5_000;

    private Builder(ThreatModel threatModel) {
      super(threatModel);
    }

    @Override
    Builder self() {
      return this;
    }

    @Override
    String describe() {
      return "parts=" + buildParts();
    }

    /** Which attacks run; {@link Version#STANDARD} by default. */
    public Builder version(Version version) {
      this.version = version;
      return this;
    }

    /**
     * Attacks of the caller's choice instead of a version.
     *
     * @throws IllegalArgumentException if there is none, or one has another threat model
     */
    public Builder parts(List<Part> parts) {
      if (parts.isEmpty()) {
        throw new IllegalArgumentException("there must be at least one attack, got none");
      }
      for (Part part : parts) {
        if (part.attack() instanceof ImageAttack ours && !ours.threatModel().equals(threatModel)) {
          throw new IllegalArgumentException(
              part.name()
                  + " must have the threat model "
                  + threatModel
                  + ", got "
                  + ours.threatModel());
        }
      }
      custom = List.copyOf(parts);
      return this;
    }

    /** Steps of APGD and FAB, at least 1; 100 as published. Fewer make a weaker attack. */
    public Builder steps(int steps) {
      this.steps = atLeast(1, "steps", steps);
      return this;
    }

    /** Queries of Square, at least 1; 5,000 as published. Fewer make a weaker attack. */
    public Builder queries(int queries) {
      this.queries = atLeast(1, "queries", queries);
      return this;
    }

    /** Makes the attack; the builder may be used again. */
    public AutoAttack build() {
      return new AutoAttack(copy());
    }

    private List<Part> buildParts() {
      if (!custom.isEmpty()) {
        return custom;
      }
      boolean isL1 = threatModel.norm() == Norm.L1;
      List<Part> parts = new ArrayList<>();
      switch (version) {
        case STANDARD -> {
          parts.add(apgdCe(isL1 ? 5 : 1, isL1));
          parts.add(apgdTargeted(isL1 ? 5 : 9, isL1, 2));
          parts.add(fabTargeted());
          parts.add(square());
        }
        case PLUS -> {
          parts.add(apgdCe(5, false));
          parts.add(apgdDlr(apgd().restarts(5)));
          parts.add(
              new Part(
                  "fab",
                  ClassificationLoss.CROSS_ENTROPY,
                  FabAttack.builder(threatModel).common(this).steps(steps).restarts(5).build()));
          parts.add(square());
          parts.add(apgdTargeted(9, false, 2));
          parts.add(fabTargeted());
        }
        case RAND -> {
          parts.add(new Part("apgd-ce", ClassificationLoss.CROSS_ENTROPY, averagedApgd().build()));
          parts.add(apgdDlr(averagedApgd()));
        }
        case PAPER -> {
          parts.add(apgdCe(5, false));
          parts.add(apgdTargeted(9, false, 3));
        }
      }
      return List.copyOf(parts);
    }

    private ApgdAttack.Builder apgd() {
      return ApgdAttack.builder(threatModel).common(this).steps(steps).stopAtSuccess(true);
    }

    private Part apgdCe(int restarts, boolean useLargerEpsilons) {
      ApgdAttack attack = apgd().restarts(restarts).useLargerEpsilons(useLargerEpsilons).build();
      return new Part("apgd-ce", ClassificationLoss.CROSS_ENTROPY, attack);
    }

    private Part apgdDlr(ApgdAttack.Builder apgd) {
      return new Part("apgd-dlr", ClassificationLoss.DLR, apgd.build());
    }

    /**
     * For a model that draws random numbers: its first success may be luck, so each restart goes on
     * to its end, and the last success counts.
     */
    private ApgdAttack.Builder averagedApgd() {
      return apgd().eotIterations(20).stopAtSuccess(false);
    }

    private Part apgdTargeted(int targets, boolean useLargerEpsilons, int leastClasses) {
      TargetedApgdAttack attack =
          TargetedApgdAttack.builder(threatModel)
              .common(this)
              .steps(steps)
              .targets(targets)
              .useLargerEpsilons(useLargerEpsilons)
              .stopAtSuccess(true)
              .build();
      return new Part("apgd-t", ClassificationLoss.MARGIN, attack, leastClasses);
    }

    private Part fabTargeted() {
      FabAttack attack =
          FabAttack.builder(threatModel).common(this).steps(steps).targets(9).build();
      return new Part("fab-t", ClassificationLoss.CROSS_ENTROPY, attack);
    }

    private Part square() {
      SquareAttack attack = SquareAttack.builder(threatModel).common(this).queries(queries).build();
      return new Part("square", ClassificationLoss.MARGIN, attack);
    }
  }
}
