package dev.fare.training;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;
import static java.util.Objects.requireNonNull;

import dev.fare.Attack;
import dev.fare.training.loss.EmbeddingLoss;
import dev.fare.training.loss.InnerObjective;
import dev.fare.training.loss.TrainingLoss;
import dev.fare.training.optimizer.LearningRateSchedule;
import dev.fare.training.optimizer.Optimizer;
import dev.fare.training.validation.EarlyStop;
import dev.fare.training.validation.Validation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What a {@link FareTrainer} can be told; its builder makes the trainer of it. */
abstract sealed class TrainerOptions<E extends TrainableEncoder> permits FareTrainer.Builder {

  private static final double PAPER_WARMUP_FRACTION = 0.07;

  final E encoder;
  final List<TrainingListener> listeners = new ArrayList<>();
  List<TrainableEncoder> replicas = List.of();
  @Nullable Attack attack;
  TrainingLoss loss = TrainingLoss.fare();
  Optimizer optimizer = Optimizer.adamW();
  int metricsEvery = 10;
  double unreadableFraction = 0.01;
  int loaderThreads;
  DivergencePolicy divergencePolicy = DivergencePolicy.STOP;
  double lossLimit = Double.POSITIVE_INFINITY;
  private boolean attackChosen;
  @Nullable InnerObjective innerObjective;
  @Nullable LearningRateSchedule schedule;
  double learningRate = 1e-5;
  double weightDecay = 1e-4;
  long steps = 20_000;
  long warmupSteps = -1;
  int batchSize = 128;
  int microBatchSize;
  boolean activationCheckpointing;
  @Nullable Path referenceCache;
  double gradientClip = Double.POSITIVE_INFINITY;
  long seed;
  double averageDecay;
  Predicate<String> frozen = name -> false;
  @Nullable Validation validation;
  @Nullable EarlyStop earlyStop;
  long validateEvery;
  @Nullable Path checkpoints;
  long checkpointEvery = 200;
  int keepCheckpoints = 3;
  long milestoneEvery;
  boolean allowChangedSettings;

  TrainerOptions(E encoder) {
    this.encoder = requireNonNull(encoder, "encoder");
  }

  /** The builder that these options are of, for the next one. */
  abstract FareTrainer.Builder<E> self();

  /**
   * What makes the adversarial images of each step; required, or {@link #withoutAttack}. One that
   * draws random numbers should be a {@code SeededAttack}: others draw anew for each part of a
   * divided batch and after a restart.
   */
  public FareTrainer.Builder<E> attack(Attack attack) {
    this.attack = requireNonNull(attack, "attack");
    attackChosen = true;
    return self();
  }

  /** Trains on clean images. */
  public FareTrainer.Builder<E> withoutAttack() {
    attack = null;
    attackChosen = true;
    return self();
  }

  /** What is minimised; {@link TrainingLoss#fare} by default. */
  public FareTrainer.Builder<E> loss(TrainingLoss loss) {
    this.loss = requireNonNull(loss, "loss");
    return self();
  }

  /**
   * What the attack climbs, for example another {@link EmbeddingLoss}; by default the loss's own.
   */
  public FareTrainer.Builder<E> innerObjective(InnerObjective innerObjective) {
    this.innerObjective = requireNonNull(innerObjective, "innerObjective");
    return self();
  }

  /** {@link Optimizer#adamW} by default. */
  public FareTrainer.Builder<E> optimizer(Optimizer optimizer) {
    this.optimizer = requireNonNull(optimizer, "optimizer");
    return self();
  }

  /** The peak learning rate, above 0; 1e-5 by default. */
  public FareTrainer.Builder<E> learningRate(double learningRate) {
    this.learningRate = positive("learningRate", learningRate);
    return self();
  }

  /** The optimizer's weight decay, at least 0; 1e-4 by default. */
  public FareTrainer.Builder<E> weightDecay(double weightDecay) {
    checkArgument(
        weightDecay >= 0 && Double.isFinite(weightDecay),
        "weightDecay must be at least 0, got %s",
        weightDecay);
    this.weightDecay = weightDecay;
    return self();
  }

  /** Updates over which the learning rate rises, at least 0; 7 % of the steps by default. */
  public FareTrainer.Builder<E> warmupSteps(long warmupSteps) {
    this.warmupSteps = atLeast("warmupSteps", warmupSteps, 0);
    return self();
  }

  /** Updates of the whole run, at least 1; 20,000 by default. */
  public FareTrainer.Builder<E> steps(long steps) {
    this.steps = atLeast("steps", steps, 1);
    return self();
  }

  /**
   * Another course of the learning rate than warm-up and cosine; {@link #warmupSteps} then has no
   * effect.
   */
  public FareTrainer.Builder<E> schedule(LearningRateSchedule schedule) {
    this.schedule = requireNonNull(schedule, "schedule");
    return self();
  }

  /** Images of an update, at least 1; 128 by default. */
  public FareTrainer.Builder<E> batchSize(int batchSize) {
    this.batchSize = (int) atLeast("batchSize", batchSize, 1);
    return self();
  }

  /**
   * Images that are in memory together, at least 1; the whole batch by default. A smaller number
   * makes the same update out of several smaller forward and backward passes.
   */
  public FareTrainer.Builder<E> microBatchSize(int microBatchSize) {
    this.microBatchSize = (int) atLeast("microBatchSize", microBatchSize, 1);
    return self();
  }

  /**
   * Keeps for the backward passes, of the attack and of the update, only what stands between the
   * encoder's blocks and computes the rest again: less memory for activations and more time, with
   * the same result up to rounding. Gradients and moments need what they needed. Off by default.
   *
   * @throws UnsupportedOperationException when the trainer is built, if the encoder can't, see
   *     {@link TrainableEncoder#withActivationCheckpointing}
   */
  public FareTrainer.Builder<E> activationCheckpointing(boolean activationCheckpointing) {
    this.activationCheckpointing = activationCheckpointing;
    return self();
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
  public FareTrainer.Builder<E> referenceCache(Path directory) {
    referenceCache = requireNonNull(directory, "directory");
    return self();
  }

  /**
   * Shares each batch out between several devices, with a thread for each further one; the sum of
   * the gradients is the same up to rounding. Attack, loss and inner objective are used by all
   * these threads at once and must be safe for that.
   *
   * @param replicas encoders of the same architecture and precision, one on each further device;
   *     their weights are overwritten, and the caller stays their owner
   */
  public FareTrainer.Builder<E> replicas(List<? extends TrainableEncoder> replicas) {
    this.replicas = List.copyOf(replicas);
    return self();
  }

  /** Shortens a gradient that is longer than this to this length; off by default. */
  public FareTrainer.Builder<E> gradientClip(double gradientClip) {
    this.gradientClip = positive("gradientClip", gradientClip);
    return self();
  }

  /** What every random draw follows from; 0 by default. */
  public FareTrainer.Builder<E> seed(long seed) {
    this.seed = seed;
    return self();
  }

  /**
   * How often the clean cosine is measured where the loss does not give it for free, in steps: each
   * costs a forward pass. 10 by default, 0 for never.
   */
  public FareTrainer.Builder<E> metricsEvery(int metricsEvery) {
    this.metricsEvery = (int) atLeast("metricsEvery", metricsEvery, 0);
    return self();
  }

  /**
   * The fraction of the data set's images that may be unreadable, and of the validation's, in
   * [0,1]; 0.01 by default.
   */
  public FareTrainer.Builder<E> unreadableFraction(double unreadableFraction) {
    checkArgument(
        unreadableFraction >= 0 && unreadableFraction <= 1,
        "unreadableFraction must be in [0,1], got %s",
        unreadableFraction);
    this.unreadableFraction = unreadableFraction;
    return self();
  }

  /**
   * Worker threads that read and decode images ahead, each a batch, and as many for the images of a
   * validation and of the {@link #referenceCache}; 0 by default: the training thread reads.
   */
  public FareTrainer.Builder<E> loaderThreads(int loaderThreads) {
    this.loaderThreads = (int) atLeast("loaderThreads", loaderThreads, 0);
    return self();
  }

  /**
   * Leaves weights as they are, for example all but the first two blocks; none by default.
   *
   * @param names says of a weight's name whether it is frozen; asked when the trainer is built
   */
  public FareTrainer.Builder<E> freeze(Predicate<String> names) {
    frozen = requireNonNull(names, "names");
    return self();
  }

  /**
   * Keeps an exponential moving average of the trained weights, see {@link
   * FareTrainer#averagedEncoder}; off by default.
   *
   * @param averageDecay what an update leaves of the average, in (0,1), for example 0.999
   */
  public FareTrainer.Builder<E> averageDecay(double averageDecay) {
    checkArgument(
        averageDecay > 0 && averageDecay < 1,
        "averageDecay must be in (0,1), got %s",
        averageDecay);
    this.averageDecay = averageDecay;
    return self();
  }

  /** What happens when the numbers go wrong; {@link DivergencePolicy#STOP} by default. */
  public FareTrainer.Builder<E> divergencePolicy(DivergencePolicy divergencePolicy) {
    this.divergencePolicy = requireNonNull(divergencePolicy, "divergencePolicy");
    return self();
  }

  /**
   * A loss above this counts as gone wrong, as a loss or gradient that is not finite always does.
   * There is none by default, since a loss's usual size depends on the encoder and the loss: a few
   * times what the first steps show is a good one.
   */
  public FareTrainer.Builder<E> lossLimit(double lossLimit) {
    this.lossLimit = positive("lossLimit", lossLimit);
    return self();
  }

  /**
   * Measures the encoder between updates, with the averaged weights where an average is kept;
   * listeners hear of it, and the summary has the last values.
   *
   * @param everySteps how often, at least 1
   */
  public FareTrainer.Builder<E> validation(Validation validation, long everySteps) {
    this.validation = requireNonNull(validation, "validation");
    validateEvery = atLeast("everySteps", everySteps, 1);
    return self();
  }

  /**
   * Ends the run when {@link #validation} no longer gets better; off by default. The weights are
   * then the last ones, or the best with {@link EarlyStop#restoreBest}.
   */
  public FareTrainer.Builder<E> earlyStop(EarlyStop earlyStop) {
    this.earlyStop = requireNonNull(earlyStop, "earlyStop");
    return self();
  }

  /**
   * Writes checkpoints, and goes on from the newest good one that is there.
   *
   * @param directory of this run alone, made if absent; a second trainer on it is refused
   */
  public FareTrainer.Builder<E> checkpoints(Path directory) {
    checkpoints = requireNonNull(directory, "directory");
    return self();
  }

  /** How often a checkpoint is written, in steps; 200 by default. */
  public FareTrainer.Builder<E> checkpointEvery(long steps) {
    checkpointEvery = atLeast("checkpointEvery", steps, 1);
    return self();
  }

  /** How many of the newest checkpoints are kept, at least 1; 3 by default. */
  public FareTrainer.Builder<E> keepCheckpoints(int checkpoints) {
    keepCheckpoints = (int) atLeast("keepCheckpoints", checkpoints, 1);
    return self();
  }

  /** Keeps a checkpoint of every so many steps for good; 0, the default, for none. */
  public FareTrainer.Builder<E> milestoneEvery(long steps) {
    milestoneEvery = atLeast("milestoneEvery", steps, 0);
    return self();
  }

  /**
   * Lets a run go on from its checkpoints with other settings than it began with: another learning
   * rate after it diverged, more steps, another loss, optimizer or attack. It is then no longer the
   * run it was; each change is in the log and in the summary. The original's weights and which of
   * them are trained must be the same even so. Off by default: a change is an error.
   */
  public FareTrainer.Builder<E> allowChangedSettings(boolean allowChangedSettings) {
    this.allowChangedSettings = allowChangedSettings;
    return self();
  }

  /** Adds a listener. */
  public FareTrainer.Builder<E> listener(TrainingListener listener) {
    listeners.add(requireNonNull(listener, "listener"));
    return self();
  }

  /**
   * Refuses options that contradict each other.
   *
   * @throws IllegalStateException if the attack or what early stopping watches is missing
   * @throws IllegalArgumentException if the encoder, the replicas and the loss don't fit together
   */
  final void check() {
    checkState(
        attackChosen,
        "the attack is missing: call attack(...), or withoutAttack() to train on clean images");
    plan().check(encoder);
    replicas.forEach(replica -> Replicas.check(encoder, replica));
    checkArgument(
        !(loss.readsTokens() && referenceCache != null),
        "referenceCache keeps embeddings, and the loss reads patch tokens too; leave it out");
    checkState(
        earlyStop == null || validation != null,
        "early stopping watches a validation: call validation(..., everySteps)");
  }

  /** What a step computes. */
  StepPlan plan() {
    return new StepPlan(attack, loss, innerObjective(), activationCheckpointing, frozen);
  }

  InnerObjective innerObjective() {
    return innerObjective == null ? loss.innerObjective() : innerObjective;
  }

  LearningRateSchedule schedule() {
    if (schedule != null) {
      return schedule;
    }
    long warmup = warmupSteps < 0 ? Math.round(PAPER_WARMUP_FRACTION * steps) : warmupSteps;
    return LearningRateSchedule.cosine(warmup, steps);
  }

  private static double positive(String name, double value) {
    checkArgument(
        value > 0 && Double.isFinite(value), "%s must be above 0 and finite, got %s", name, value);
    return value;
  }

  private static long atLeast(String name, long value, long least) {
    checkArgument(value >= least, "%s must be at least %s, got %s", name, least, value);
    return value;
  }
}
