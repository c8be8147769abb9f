package dev.fare.training;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import dev.fare.Attack;
import dev.fare.torch.MicroBatch;
import dev.fare.training.checkpoint.CheckpointPolicy;
import dev.fare.training.checkpoint.SettingText;
import dev.fare.training.loss.EmbeddingLoss;
import dev.fare.training.loss.InnerObjective;
import dev.fare.training.loss.TrainingLoss;
import dev.fare.training.optimizer.LearningRateSchedule;
import dev.fare.training.optimizer.Optimizer;
import dev.fare.training.optimizer.WeightAverage;
import dev.fare.training.validation.EarlyStop;
import dev.fare.training.validation.Validation;
import dev.fare.training.validation.ValidationLimits;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Describes a {@link FareTrainer}. What is not said is the paper's recipe: squared distance, AdamW
 * at 1e-5 with weight decay 1e-4, 20,000 steps of 128 images, 7 % of them warm-up, then a cosine.
 */
public final class FareTrainerBuilder {

  private static final double PAPER_WARMUP_FRACTION = 0.07;

  final TrainableEncoder encoder;
  final List<TrainingListener> listeners = new ArrayList<>();
  List<TrainableEncoder> replicas = List.of();
  private @Nullable Attack attack;
  private TrainingLoss loss = TrainingLoss.fare();
  Optimizer optimizer = Optimizer.adamW();
  int metricsEvery = 10;
  double unreadableFraction = 0.01;
  int loaderThreads;
  DivergencePolicy divergencePolicy = DivergencePolicy.STOP;
  double lossLimit = Double.POSITIVE_INFINITY;
  private boolean attackChosen;
  private @Nullable InnerObjective innerObjective;
  private @Nullable LearningRateSchedule schedule;
  private double learningRate = 1e-5;
  private double weightDecay = 1e-4;
  private long steps = 20_000;
  private long warmupSteps = -1;
  private int batchSize = 128;
  private int microBatchSize;
  private boolean activationCheckpointing;
  @Nullable Path referenceCache;
  private double gradientClip = Double.POSITIVE_INFINITY;
  private long seed;
  private double averageDecay;
  private Predicate<String> frozen = name -> false;
  private @Nullable Validation validation;
  private @Nullable EarlyStop earlyStop;
  private long validateEvery;
  private @Nullable Path checkpoints;
  private long checkpointEvery = 200;
  private int keepCheckpoints = 3;
  private long milestoneEvery;
  private boolean changedSettingsAllowed;

  FareTrainerBuilder(TrainableEncoder encoder) {
    this.encoder = requireNonNull(encoder, "encoder");
  }

  /**
   * What makes the adversarial images of each step; required, or {@link #withoutAttack}. One that
   * draws random numbers should be a {@code SeededAttack}: others draw anew for each part of a
   * divided batch and after a restart.
   */
  public FareTrainerBuilder attack(Attack attack) {
    this.attack = requireNonNull(attack, "attack");
    attackChosen = true;
    return this;
  }

  /** Trains on clean images. */
  public FareTrainerBuilder withoutAttack() {
    attack = null;
    attackChosen = true;
    return this;
  }

  /** What is minimised; {@link TrainingLoss#fare} by default. */
  public FareTrainerBuilder loss(TrainingLoss loss) {
    this.loss = requireNonNull(loss, "loss");
    return this;
  }

  /**
   * What the attack climbs, for example another {@link EmbeddingLoss}; by default the loss's own.
   */
  public FareTrainerBuilder innerObjective(InnerObjective innerObjective) {
    this.innerObjective = requireNonNull(innerObjective, "attackGoal");
    return this;
  }

  /** {@link Optimizer#adamW} by default. */
  public FareTrainerBuilder optimizer(Optimizer optimizer) {
    this.optimizer = requireNonNull(optimizer, "optimizer");
    return this;
  }

  /** The peak learning rate, above 0; 1e-5 by default. */
  public FareTrainerBuilder learningRate(double learningRate) {
    this.learningRate = positive("learningRate", learningRate);
    return this;
  }

  /** The optimizer's weight decay, at least 0; 1e-4 by default. */
  public FareTrainerBuilder weightDecay(double weightDecay) {
    if (!(weightDecay >= 0) || Double.isInfinite(weightDecay)) {
      throw new IllegalArgumentException("weightDecay must be at least 0, got " + weightDecay);
    }
    this.weightDecay = weightDecay;
    return this;
  }

  /** Updates over which the learning rate rises, at least 0; 7 % of the steps by default. */
  public FareTrainerBuilder warmupSteps(long warmupSteps) {
    this.warmupSteps = atLeast("warmupSteps", warmupSteps, 0);
    return this;
  }

  /** Updates of the whole run, at least 1; 20,000 by default. */
  public FareTrainerBuilder steps(long steps) {
    this.steps = atLeast("steps", steps, 1);
    return this;
  }

  /**
   * Another course of the learning rate than warm-up and cosine; {@link #warmupSteps} then has no
   * effect.
   */
  public FareTrainerBuilder schedule(LearningRateSchedule schedule) {
    this.schedule = requireNonNull(schedule, "schedule");
    return this;
  }

  /** Images of an update, at least 1; 128 by default. */
  public FareTrainerBuilder batchSize(int batchSize) {
    this.batchSize = (int) atLeast("batchSize", batchSize, 1);
    return this;
  }

  /**
   * Images that are in memory together, at least 1; the whole batch by default. A smaller number
   * makes the same update out of several smaller forward and backward passes.
   */
  public FareTrainerBuilder microBatchSize(int microBatchSize) {
    this.microBatchSize = (int) atLeast("microBatchSize", microBatchSize, 1);
    return this;
  }

  /**
   * Keeps for the backward passes, of the attack and of the update, only what stands between the
   * encoder's blocks and computes the rest again: less memory for activations and more time, with
   * the same result up to rounding. Gradients and moments need what they needed. Off by default.
   *
   * @throws UnsupportedOperationException when the trainer is built, if the encoder can't, see
   *     {@link TrainableEncoder#withActivationCheckpointing}
   */
  public FareTrainerBuilder activationCheckpointing() {
    activationCheckpointing = true;
    return this;
  }

  /**
   * Keeps the original's embeddings of a data set in a file and reads them from there: its forward
   * pass is paid once, for all epochs and for all runs on the same data. For {@link
   * FareTrainer#fit} on data that are fixed; an image whose pixels are others than before, by
   * augmentation or on disk, is refused. The run is the same up to rounding, and bit by bit for an
   * encoder whose embedding of an image is not rounded by its place in the batch.
   *
   * @param directory made if absent; a file in it is only used for the weights, data, image size
   *     and precision that it was made with
   */
  public FareTrainerBuilder referenceCache(Path directory) {
    referenceCache = requireNonNull(directory, "directory");
    return this;
  }

  /**
   * Shares each batch out between several devices, with a thread for each further one; the sum of
   * the gradients is the same up to rounding. Attack, loss and attack goal are used by all these
   * threads at once and must be safe for that.
   *
   * @param replicas encoders of the same architecture and precision, one on each further device;
   *     their weights are overwritten, and the caller stays their owner
   */
  public FareTrainerBuilder replicas(List<? extends TrainableEncoder> replicas) {
    this.replicas = List.copyOf(replicas);
    return this;
  }

  /** Shortens a gradient that is longer than this to this length; off by default. */
  public FareTrainerBuilder gradientClip(double gradientClip) {
    this.gradientClip = positive("gradientClip", gradientClip);
    return this;
  }

  /** What every random draw follows from; 0 by default. */
  public FareTrainerBuilder seed(long seed) {
    this.seed = seed;
    return this;
  }

  /**
   * How often the clean cosine is measured where the loss does not give it for free, in steps: each
   * costs a forward pass. 10 by default, 0 for never.
   */
  public FareTrainerBuilder metricsEvery(int metricsEvery) {
    this.metricsEvery = (int) atLeast("metricsEvery", metricsEvery, 0);
    return this;
  }

  /**
   * The fraction of the data set's images that may be unreadable, and of the validation's, in
   * [0,1]; 0.01 by default.
   */
  public FareTrainerBuilder unreadableFraction(double unreadableFraction) {
    if (!(unreadableFraction >= 0 && unreadableFraction <= 1)) {
      throw new IllegalArgumentException(
          "unreadableFraction must be in [0,1], got " + unreadableFraction);
    }
    this.unreadableFraction = unreadableFraction;
    return this;
  }

  /**
   * Worker threads that read and decode images ahead, each a batch, and as many for the images of a
   * validation and of the {@link #referenceCache}; 0 by default: the training thread reads.
   */
  public FareTrainerBuilder loaderThreads(int loaderThreads) {
    this.loaderThreads = (int) atLeast("loaderThreads", loaderThreads, 0);
    return this;
  }

  /**
   * Leaves weights as they are, for example all but the first two blocks; none by default.
   *
   * @param names says of a weight's name whether it is frozen; asked when the trainer is built
   */
  public FareTrainerBuilder freeze(Predicate<String> names) {
    frozen = requireNonNull(names, "names");
    return this;
  }

  /**
   * Keeps an exponential moving average of the trained weights, see {@link
   * FareTrainer#averagedEncoder}; off by default.
   *
   * @param averageDecay what an update leaves of the average, in (0,1), for example 0.999
   */
  public FareTrainerBuilder averageDecay(double averageDecay) {
    if (!(averageDecay > 0 && averageDecay < 1)) {
      throw new IllegalArgumentException("averageDecay must be in (0,1), got " + averageDecay);
    }
    this.averageDecay = averageDecay;
    return this;
  }

  /** What happens when the numbers go wrong; {@link DivergencePolicy#STOP} by default. */
  public FareTrainerBuilder divergencePolicy(DivergencePolicy divergencePolicy) {
    this.divergencePolicy = requireNonNull(divergencePolicy, "divergencePolicy");
    return this;
  }

  /**
   * A loss above this counts as gone wrong, as a loss or gradient that is not finite always does.
   * There is none by default, since a loss's usual size depends on the encoder and the loss: a few
   * times what the first steps show is a good one.
   */
  public FareTrainerBuilder lossLimit(double lossLimit) {
    this.lossLimit = positive("lossLimit", lossLimit);
    return this;
  }

  /**
   * Measures the encoder between updates, with the averaged weights where an average is kept;
   * listeners hear of it, and the summary has the last values.
   *
   * @param everySteps how often, at least 1
   */
  public FareTrainerBuilder validation(Validation validation, long everySteps) {
    this.validation = requireNonNull(validation, "validation");
    validateEvery = atLeast("everySteps", everySteps, 1);
    return this;
  }

  /**
   * Ends the run when {@link #validation} no longer gets better; off by default. The weights are
   * then the last ones, or the best with {@link EarlyStop#restoringBest}.
   */
  public FareTrainerBuilder earlyStop(EarlyStop earlyStop) {
    this.earlyStop = requireNonNull(earlyStop, "earlyStop");
    return this;
  }

  /**
   * Writes checkpoints, and goes on from the newest good one that is there.
   *
   * @param directory of this run alone, made if absent; a second trainer on it is refused
   */
  public FareTrainerBuilder checkpoints(Path directory) {
    checkpoints = requireNonNull(directory, "directory");
    return this;
  }

  /** How often a checkpoint is written, in steps; 200 by default. */
  public FareTrainerBuilder checkpointEvery(long steps) {
    checkpointEvery = atLeast("checkpointEvery", steps, 1);
    return this;
  }

  /** How many of the newest checkpoints are kept, at least 1; 3 by default. */
  public FareTrainerBuilder keepCheckpoints(int checkpoints) {
    keepCheckpoints = (int) atLeast("keepCheckpoints", checkpoints, 1);
    return this;
  }

  /** Keeps a checkpoint of every so many steps for good; 0, the default, for none. */
  public FareTrainerBuilder milestoneEvery(long steps) {
    milestoneEvery = atLeast("milestoneEvery", steps, 0);
    return this;
  }

  /**
   * Lets a run go on from its checkpoints with other settings than it began with: another learning
   * rate after it diverged, more steps, another loss, optimizer or attack. It is then no longer the
   * run it was; each change is in the log and in the summary. The original's weights and which of
   * them are trained must be the same even so. Off by default: a change is an error.
   */
  public FareTrainerBuilder allowChangedSettings() {
    changedSettingsAllowed = true;
    return this;
  }

  /** Adds a listener. */
  public FareTrainerBuilder listener(TrainingListener listener) {
    listeners.add(requireNonNull(listener, "listener"));
    return this;
  }

  /**
   * Copies the encoder as the original and makes the trainer.
   *
   * @throws IllegalStateException if the attack or what early stopping watches is missing, or if
   *     the checkpoints are another run's or in use
   * @throws java.io.UncheckedIOException if the checkpoints can't be read
   * @throws IllegalArgumentException if the settings contradict each other
   */
  public FareTrainer build() {
    if (!attackChosen) {
      throw new IllegalStateException(
          "the attack is missing: call attack(...), or withoutAttack() to train on clean images");
    }
    plan().check(encoder);
    replicas.forEach(replica -> Replicas.check(encoder, replica));
    if (loss.readsTokens() && referenceCache != null) {
      throw new IllegalArgumentException(
          "referenceCache keeps embeddings, and the loss reads patch tokens too; leave it out");
    }
    if (earlyStop != null && validation == null) {
      throw new IllegalStateException(
          "early stopping watches a validation: call validation(..., everySteps)");
    }
    return new FareTrainer(this);
  }

  /** What a step computes. */
  StepPlan plan() {
    return new StepPlan(attack, loss, innerObjective(), activationCheckpointing, frozen);
  }

  private InnerObjective innerObjective() {
    return innerObjective == null ? loss.innerObjective() : innerObjective;
  }

  LearningRateSchedule schedule() {
    if (schedule != null) {
      return schedule;
    }
    long warmup = warmupSteps < 0 ? Math.round(PAPER_WARMUP_FRACTION * steps) : warmupSteps;
    return LearningRateSchedule.cosine(warmup, steps);
  }

  @Nullable ValidationSchedule validator(
      Map<String, NDArray> trained,
      @Nullable WeightAverage average,
      MicroBatch microBatch,
      RunState record) {
    if (validation == null) {
      return null;
    }
    ValidationLimits limits =
        new ValidationLimits(loaderThreads, microBatch.images(), unreadableFraction);
    return new ValidationSchedule(
        validation, limits, validateEvery, earlyStop, trained, average, microBatch, record);
  }

  /** Locks the directory of the checkpoints. */
  @Nullable TrainerCheckpoints openCheckpoints() {
    return checkpoints == null
        ? null
        : TrainerCheckpoints.open(
            new CheckpointPolicy(
                checkpoints,
                checkpointEvery,
                keepCheckpoints,
                milestoneEvery,
                changedSettingsAllowed),
            settings());
  }

  TrainingSettings settings() {
    int trained = plan().trainedWeights(encoder).size();
    return new TrainingSettings(
        SettingText.of(loss),
        attack == null ? "none" : SettingText.of(attack),
        attack == null ? "none" : SettingText.of(innerObjective()),
        optimizer.toString(),
        SettingText.of(schedule()),
        learningRate,
        weightDecay,
        steps,
        batchSize,
        microBatchSize == 0 ? batchSize : Math.min(microBatchSize, batchSize),
        gradientClip,
        averageDecay,
        seed,
        trained,
        encoder.parameters().size() - trained,
        1 + replicas.size(),
        activationCheckpointing,
        encoder.precision(),
        encoder.imageSize(),
        plan().frozenNames(encoder),
        divergencePolicy,
        lossLimit,
        validation == null
            ? "none"
            : SettingText.of(validation) + " every " + validateEvery + " steps",
        earlyStop == null ? "none" : earlyStop.toString());
  }

  private static double positive(String name, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(name + " must be above 0 and finite, got " + value);
    }
    return value;
  }

  private static long atLeast(String name, long value, long least) {
    if (value < least) {
      throw new IllegalArgumentException(name + " must be at least " + least + ", got " + value);
    }
    return value;
  }
}
