package dev.fare.cli.options;

import dev.fare.training.FareTrainer;
import dev.fare.training.optimizer.LearningRateSchedule;
import dev.fare.training.optimizer.Optimizer;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How the weights are changed. */
public final class UpdateOptions {

  /** How a gradient becomes an update. */
  enum Rule {
    ADAMW,
    SGD;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The course of the learning rate behind the warm-up. */
  enum Schedule {
    COSINE,
    CONSTANT;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final double PAPER_WARMUP = 0.07;

  @Option(names = "--steps", paramLabel = "<n>", description = "updates; default ${DEFAULT-VALUE}")
  public long steps = 20_000;

  @Option(
      names = "--batch-size",
      paramLabel = "<n>",
      description = "images an update; default ${DEFAULT-VALUE}")
  private Count batchSize = new Count(128);

  @Option(
      names = "--learning-rate",
      paramLabel = "<x>",
      description = "the peak; default ${DEFAULT-VALUE}")
  private double learningRate = 1e-5;

  @Option(
      names = "--warmup-steps",
      paramLabel = "<n>",
      description = "over which the rate rises; 7 %% of the steps by default")
  private @Nullable Long warmupSteps;

  @Option(
      names = "--schedule",
      paramLabel = "<s>",
      description = "of the rate after that: ${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}")
  private Schedule schedule = Schedule.COSINE;

  @Option(
      names = "--optimizer",
      paramLabel = "<o>",
      description = "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}")
  private Rule rule = Rule.ADAMW;

  @Option(
      names = "--betas",
      paramLabel = "<x>",
      split = ",",
      description = "of adamw; default 0.9,0.999")
  private List<Double> betas = List.of();

  @Option(names = "--momentum", paramLabel = "<x>", description = "of sgd; default 0.9")
  private @Nullable Double momentum;

  @Option(names = "--weight-decay", paramLabel = "<x>", description = "default ${DEFAULT-VALUE}")
  private double weightDecay = 1e-4;

  @Option(
      names = "--gradient-clip",
      paramLabel = "<x>",
      description = "longest gradient; off by default")
  private @Nullable Double gradientClip;

  @Option(
      names = "--average-decay",
      paramLabel = "<x>",
      description = "save a moving average of the weights, such as 0.999; off by default")
  private @Nullable Double averageDecay;

  @Option(
      names = "--freeze",
      paramLabel = "<regex>",
      description = "weights in whose names it is found stay as they are")
  private @Nullable Pattern freeze;

  @Option(
      names = "--seed",
      paramLabel = "<n>",
      description = "of every random draw; default ${DEFAULT-VALUE}")
  public long seed;

  /** Whether what is saved is a moving average. */
  public boolean averages() {
    return averageDecay != null;
  }

  /** Tells a training. */
  public void describe(FareTrainer.Builder<?> training) {
    training
        .steps(steps)
        .batchSize(batchSize.value())
        .learningRate(learningRate)
        .weightDecay(weightDecay)
        .optimizer(optimizer())
        .seed(seed);
    if (schedule == Schedule.CONSTANT) {
      long warmup = warmupSteps == null ? Math.round(PAPER_WARMUP * steps) : warmupSteps;
      training.schedule(LearningRateSchedule.constant(warmup));
    } else if (warmupSteps != null) {
      training.warmupSteps(warmupSteps);
    }
    if (gradientClip != null) {
      training.gradientClip(gradientClip);
    }
    if (averageDecay != null) {
      training.averageDecay(averageDecay);
    }
    if (freeze != null) {
      training.freeze(freeze.asPredicate());
    }
  }

  private Optimizer optimizer() {
    if ((momentum != null && rule != Rule.SGD) || (!betas.isEmpty() && rule != Rule.ADAMW)) {
      throw new IllegalArgumentException(
          "--momentum is of sgd and --betas of adamw, and --optimizer is " + rule);
    }
    if (!betas.isEmpty() && betas.size() != 2) {
      throw new IllegalArgumentException("--betas must be two, such as 0.9,0.95, got " + betas);
    }
    if (rule == Rule.SGD) {
      return momentum == null ? Optimizer.sgd() : new Optimizer.Sgd(momentum);
    }
    Optimizer.AdamW usual = Optimizer.adamW();
    return betas.isEmpty()
        ? usual
        : new Optimizer.AdamW(betas.get(0), betas.get(1), usual.epsilon());
  }
}
