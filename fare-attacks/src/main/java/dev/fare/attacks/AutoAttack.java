package dev.fare.attacks;

import ai.djl.ndarray.NDArray;
import dev.fare.AttackControl;
import dev.fare.Classifier;
import dev.fare.Norm;
import dev.fare.ThreatModel;
import dev.fare.attacks.objective.ClassificationLoss;
import dev.fare.attacks.objective.ClassificationObjective;
import dev.fare.attacks.run.AttackRun;
import dev.fare.attacks.run.Candidates;
import dev.fare.attacks.run.Found;
import dev.fare.attacks.run.Restarts;
import dev.fare.torch.TensorScope;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * AutoAttack (Croce &amp; Hein, 2020): several attacks one after the other, each on the images that
 * the ones before could not fool, with no settings to get wrong.
 *
 * <p>{@link #evaluate} gives the robust accuracy with a table and warnings. As an {@code Attack} it
 * takes a {@link ClassificationObjective}, whose own loss it does not use, and returns the first
 * adversarial image that is found for each image.
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
   * @param attack in the same threat model
   * @param leastClasses it is left out for models with fewer
   */
  public record Part(String name, ClassificationLoss loss, ImageAttack attack, int leastClasses) {

    /** A part for any number of classes. */
    public Part(String name, ClassificationLoss loss, ImageAttack attack) {
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

  @Override
  public AutoAttack withSeed(long seed) {
    return settings.copy().seed(seed).build();
  }

  /** The attacks in their order. */
  public List<Part> parts() {
    return parts;
  }

  /**
   * Measures how robust a classifier is on some images.
   *
   * @param classifier gives logits; needs to be differentiable
   * @param images {@code [N,C,H,W]} float32 in [0,1]
   * @param labels {@code [N]} int64 or int32, from 0
   * @return the report, whose images belong to the manager of {@code images}
   */
  public AutoAttackReport evaluate(Classifier classifier, NDArray images, NDArray labels) {
    long[] ids = LongStream.range(0, images.getShape().get(0)).toArray();
    return evaluate(classifier, images, labels, ids);
  }

  /**
   * The same for some images of a larger set.
   *
   * @param imageIds each image's number in the set, which its random draws depend on
   */
  public AutoAttackReport evaluate(
      Classifier classifier, NDArray images, NDArray labels, long[] imageIds) {
    ThreatModel.checkPixels(images);
    ClassificationObjective objective = Objectives.crossEntropy(classifier, labels);
    return new AutoAttackEvaluation(this, objective, images, imageIds).run();
  }

  int batchSize() {
    return settings.batchSize;
  }

  AttackControl control() {
    return settings.control;
  }

  boolean expectsRandomModel() {
    return settings.version == Version.RAND;
  }

  Optional<Path> stateDirectory() {
    return Optional.ofNullable(settings.stateDirectory);
  }

  @Override
  Found search(AttackRun run, @Nullable NDArray start) {
    ClassificationObjective objective = run.classification();
    List<Part> fitting = fitting(run);
    return new Restarts(fitting.size(), false)
        .search(
            run,
            Candidates.ofCleanImages(run),
            (some, rows, i) -> {
              Part part = fitting.get(i);
              ClassificationObjective narrow = objective.select(some.manager().create(rows));
              AttackRun withLoss = some.withObjective(narrow.withLoss(part.loss()));
              return part.attack().search(withLoss, null);
            });
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
    private int batchSize = 250;
    private int steps = 100;
    private int queries = 5_000;
    private @Nullable Path stateDirectory;

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
        if (!part.attack().threatModel().equals(threatModel)) {
          throw new IllegalArgumentException(
              part.name()
                  + " must have the threat model "
                  + threatModel
                  + ", got "
                  + part.attack().threatModel());
        }
      }
      custom = List.copyOf(parts);
      return this;
    }

    /**
     * How many images are attacked together, at least 1; 250 by default. Results don't depend on
     * it.
     */
    public Builder batchSize(int batchSize) {
      this.batchSize = atLeast(1, "batchSize", batchSize);
      return this;
    }

    /** Iterations of APGD and FAB, at least 1; 100 as published. Fewer make a weaker attack. */
    public Builder steps(int steps) {
      this.steps = atLeast(1, "steps", steps);
      return this;
    }

    /** Queries of Square, at least 1; 5,000 as published. Fewer make a weaker attack. */
    public Builder queries(int queries) {
      this.queries = atLeast(1, "queries", queries);
      return this;
    }

    /**
     * Where {@code evaluate} writes down what it has found, image by image, so that it can go on
     * after an interruption with the same result. A directory that another evaluation has written
     * to, with other settings, images or labels, is refused.
     */
    public Builder stateDirectory(Path stateDirectory) {
      this.stateDirectory = stateDirectory;
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
