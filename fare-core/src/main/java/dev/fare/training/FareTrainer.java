package dev.fare.training;

import static com.google.common.base.Preconditions.checkState;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.common.io.Closer;
import dev.fare.ThreatModel;
import dev.fare.data.BatchLoader;
import dev.fare.data.HostBatch;
import dev.fare.data.ImageDataset;
import dev.fare.data.UnreadableImages;
import dev.fare.torch.CallGuard;
import dev.fare.torch.MicroBatch;
import dev.fare.torch.TensorScope;
import dev.fare.training.StepClock.Part;
import dev.fare.training.checkpoint.CheckpointState;
import dev.fare.training.optimizer.LearningRateSchedule;
import dev.fare.training.optimizer.UpdateRule;
import dev.fare.training.reference.ReferenceCache;
import dev.fare.training.weights.Gradients;
import dev.fare.training.weights.WeightAverage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fine-tunes an encoder so that its embedding of any image within a small ball stays where the
 * original encoder put the clean image (Robust CLIP, equation 3).
 *
 * <pre>{@code
 * FareTrainer<RobustClipEncoder> trainer = FareTrainer.builder(encoder)
 *     .attack(pgd)
 *     .learningRate(1e-5).weightDecay(1e-4).warmupSteps(1_400).steps(20_000).batchSize(128)
 *     .checkpoints(Path.of("runs/fare4"))
 *     .build();
 * TrainingSummary summary = trainer.fit(ImageFolder.of(Path.of("imagenet/train")));
 * }</pre>
 *
 * <p>The encoder's weights are updated in place. The original is a copy of it, taken when the
 * trainer is built. One thread may train at a time; {@link #cancel} may come from any.
 *
 * <p>With checkpoints, a trainer that is built again from the same original, settings and directory
 * stands where the newest good checkpoint was written, and goes on as if it had never stopped: on
 * the CPU bit by bit.
 *
 * @param <E> the encoder's own type
 */
public final class FareTrainer<E extends TrainableEncoder> implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(FareTrainer.class);

  /**
   * Describes a trainer. What is not said is the paper's recipe: squared distance, AdamW at 1e-5
   * with weight decay 1e-4, 20,000 steps of 128 images, 7 % of them warm-up, then a cosine.
   */
  public static final class Builder<E extends TrainableEncoder> extends TrainerOptions<E> {

    Builder(E encoder) {
      super(encoder);
    }

    @Override
    Builder<E> self() {
      return this;
    }

    /**
     * Copies the encoder as the original and makes the trainer.
     *
     * @throws IllegalStateException if the attack or what early stopping watches is missing, or if
     *     the checkpoints are another run's or in use
     * @throws UncheckedIOException if the checkpoints can't be read
     * @throws IllegalArgumentException if the settings contradict each other
     */
    public FareTrainer<E> build() {
      check();
      return new FareTrainer<>(this);
    }
  }

  private final CallGuard guard = new CallGuard("trainer");
  private final Closer owned = Closer.create();
  private final E encoder;
  private final TrainableEncoder measured;
  private final TrainableEncoder original;
  private final TrainingSettings settings;
  private final LearningRateSchedule schedule;
  private final Listeners listeners;
  private final ImageReading reading;
  private final UpdateRule rule;
  private final @Nullable WeightAverage average;
  private final Replicas replicas;
  private final GradientSource gradients;
  private final DivergenceGuard divergence;
  private final RunState run;
  private final MicroBatch microBatch;
  private final ValidationSchedule validation;
  private final Optional<TrainerCheckpoints> checkpoints;
  private long step;
  private volatile boolean cancelled;

  private FareTrainer(TrainerOptions<E> options) {
    StepPlan plan = options.plan();
    encoder = options.encoder;
    measured = plan.differentiated(encoder);
    settings = TrainingSettings.of(options);
    schedule = options.schedule();
    listeners = new Listeners(options.listeners);
    reading = ImageReading.of(options);
    try {
      owned.register(listeners::close);
      // the lock first: where it is another's, no weight may have been copied or changed
      checkpoints = TrainerCheckpoints.open(options, settings);
      checkpoints.ifPresent(owned::register);
      // a type that averagedEncoder can't give is told before the run
      original = settings.averageDecay() > 0 ? StepPlan.copyOf(encoder) : encoder.copy();
      owned.register(original::close);
      Map<String, NDArray> trained = plan.trainedWeights(encoder);
      rule = owned.register(options.optimizer.on(trained, settings.weightDecay()));
      average = owned.register(WeightAverage.of(settings.averageDecay(), trained));
      Supplier<String> fingerprint = () -> WeightsFingerprint.of(original.parameters());
      run = new RunState(settings, fingerprint, Hardware.of(encoder, options.replicas));
      microBatch = new MicroBatch(settings.microBatchSize(), run::warn);
      validation =
          owned.register(new ValidationSchedule(options, trained, average, microBatch, run));
      divergence = new DivergenceGuard(settings, run);
      checkpoints
          .flatMap(each -> each.resume(encoder, rule, average, validation, run))
          .ifPresent(this::goOnFrom);
      plan.warning(settings, checkpoints.isPresent()).ifPresent(run::warn);
      replicas = owned.register(Replicas.of(encoder, original, options.replicas));
      FareStep leader = plan.stepFor(encoder, original);
      gradients =
          owned.register(new GradientSource(leader, replicas.steps(plan), options, microBatch));
    } catch (RuntimeException | Error e) {
      try {
        close();
      } catch (RuntimeException alsoFailed) {
        e.addSuppressed(alsoFailed);
      }
      throw e;
    }
  }

  private void goOnFrom(CheckpointState state) {
    step = state.step();
    if (settings.asMap().equals(state.settings())) {
      divergence.restore(state.memory().skippedInARow()); // other settings are another chance
    }
    int partSize = state.memory().partSize();
    if (partSize > 0 && settings.dividesAs(state.settings())) {
      microBatch.limit(partSize);
    }
  }

  private CheckpointState state() {
    return run.checkpoint(
        step, validation.state(), divergence.skippedInARow(), microBatch.images());
  }

  /**
   * Starts to describe a trainer.
   *
   * @param encoder what is trained, in place; the caller stays its owner
   */
  public static <E extends TrainableEncoder> Builder<E> builder(E encoder) {
    return new Builder<>(encoder);
  }

  /** What the trainer was asked to do. */
  public TrainingSettings settings() {
    return settings;
  }

  /** How many updates have been made, those before a checkpoint included. */
  public long step() {
    return step;
  }

  /**
   * Trains until the number of steps is reached, or until {@link #cancel} or an interruption of
   * this thread; what was interrupted can go on by calling this again. With checkpoints, the last
   * one is of the last step.
   *
   * @throws UncheckedIOException if too many images can't be read, or a checkpoint can't be written
   * @throws IllegalStateException if the loss needs labels and the data have none, or if the
   *     checkpoint that the run goes on from was trained on other data
   * @throws TrainingDivergedException if the numbers go wrong and the policy is to stop
   */
  public TrainingSummary fit(ImageDataset data) {
    try (CallGuard.Call call = guard.enter();
        listeners) {
      return train(data);
    } finally {
      cancelled = false;
    }
  }

  private TrainingSummary train(ImageDataset data) {
    UnreadableImages unreadable = reading.unreadable(data);
    run.start(data, step, unreadable);
    LOG.info("training from step {} to {} on {}", step, settings.steps(), data.description());
    listeners.onStart(settings, step);
    try (ReferenceCache references =
            reading.references(
                data, original, run.original(), microBatch, unreadable, this::isStopRequested);
        BatchLoader loader = reading.batches(data, settings, step, unreadable)) {
      while (!isFinished() && !isStopRequested()) {
        StepClock clock = new StepClock();
        Optional<HostBatch> batch = loader.next();
        if (batch.isPresent()) {
          train(batch.get(), references, clock);
          loader.recycle(batch.get());
        }
      }
    }
    checkpoints.ifPresent(each -> each.write(state()));
    if (isFinished() && validation.restoreBest(step)) {
      replicas.follow();
    }
    TrainingSummary summary = run.summary(step, validation.result());
    LOG.info("training ended after step {} in {}", step, summary.duration());
    listeners.onEnd(summary);
    return summary;
  }

  /**
   * Whether {@link #fit} makes no more steps: all are made, or early stopping has ended the run.
   */
  public boolean isFinished() {
    return step >= settings.steps() || validation.isExhausted();
  }

  private boolean isStopRequested() {
    return cancelled || Thread.currentThread().isInterrupted();
  }

  private void train(HostBatch batch, @Nullable ReferenceCache references, StepClock clock) {
    if (batch.images() == 0) {
      clock.lap(Part.DATA);
      divergence.skip(++step, "none of its images can be read");
      double rate = schedule.rate(settings.learningRate(), step - 1);
      conclude(StepResult.withoutImages(step, rate, clock.timings()));
      return;
    }
    try (NDManager manager = rule.manager().newSubManager()) {
      NDArray pixels = batch.pixels(manager);
      Optional<NDArray> labels = batch.labels(manager);
      clock.lap(Part.DATA);
      NDArray known = references == null ? null : references.read(batch, manager);
      update(pixels, null, labels.orElse(null), known, batch.indices(), clock);
    }
  }

  /**
   * Asks {@link #fit} to end after the step that is being made; one that has not begun yet ends
   * before its first step. The one after that trains again.
   */
  public void cancel() {
    cancelled = true;
  }

  /**
   * One update on images that the host brings.
   *
   * @param pixels {@code [N,3,H,W]} float32 in [0,1] on the encoder's device; the caller stays
   *     their owner
   * @throws TrainingDivergedException if the numbers go wrong and the policy is to stop
   * @throws UncheckedIOException if a checkpoint is due and can't be written
   */
  public StepResult step(NDArray pixels) {
    return checked(pixels, null);
  }

  /**
   * The same where the loss needs labels.
   *
   * @param labels {@code [N]} int64, what the loss understands
   */
  public StepResult step(NDArray pixels, NDArray labels) {
    return checked(pixels, labels);
  }

  private StepResult checked(NDArray pixels, @Nullable NDArray labels) {
    try (CallGuard.Call call = guard.enter();
        NDArray range = ThreatModel.pixelRange(pixels)) {
      return update(pixels, range, labels, null, new int[0], new StepClock());
    }
  }

  /** What the host reads, it reads once, between the backward pass and the update. */
  private StepResult update(
      NDArray pixels,
      @Nullable NDArray range,
      @Nullable NDArray labels,
      @Nullable NDArray references,
      int[] images,
      StepClock clock) {
    StepResult result;
    try (TensorScope scope = TensorScope.of(pixels)) {
      BatchGradient batch =
          gradients.compute(pixels, labels, references, step, scope.manager(), clock);
      NDArray length = Gradients.length(batch.gradients());
      double[] read = range == null ? batch.read(length) : batch.read(length, range);
      clock.lap(Part.GRADIENT);
      if (range != null) {
        ThreatModel.checkPixelRange(read[1], read[2]);
      }
      double norm = read[0];
      double learningRate = schedule.rate(settings.learningRate(), step);
      boolean skipped = isDiverged(batch, norm, learningRate, images);
      if (!skipped) {
        Gradients.clip(batch.gradients(), norm, settings.gradientClip());
        rule.step(batch.gradients(), learningRate);
        if (average != null) {
          average.update();
        }
        replicas.follow();
      }
      step++;
      clock.lap(Part.UPDATE);
      result = batch.result(step, learningRate, norm, skipped, clock.timings());
    }
    conclude(result);
    return result;
  }

  private void conclude(StepResult result) {
    run.add(result);
    listeners.onStep(result);
    validation
        .measureIfDue(step, measured, original)
        .ifPresent(values -> listeners.onValidation(step, values));
    checkpoints.ifPresent(each -> each.writeIfDue(step, this::state));
  }

  /** Where the run ends by that, its last good weights are in a checkpoint. */
  private boolean isDiverged(BatchGradient batch, double norm, double learningRate, int[] images) {
    try {
      return divergence.isDiverged(step + 1, batch.loss(), norm, learningRate, images);
    } catch (TrainingDivergedException e) {
      checkpoints.ifPresent(each -> each.writeAfter(e, state()));
      throw e;
    }
  }

  /**
   * Writes a checkpoint now, whether or not one is due.
   *
   * @return its directory
   * @throws IllegalStateException if the trainer was built without checkpoints
   * @throws UncheckedIOException if it can't be written; the one before is intact
   */
  public Path checkpoint() {
    checkState(
        checkpoints.isPresent(),
        "this trainer has no directory for checkpoints; give the builder one: checkpoints(path)");
    try (CallGuard.Call call = guard.enter()) {
      return checkpoints.get().write(state());
    }
  }

  /**
   * A new encoder with the moving average of the weights; frozen ones are as they are.
   *
   * @return the caller is its owner
   * @throws IllegalStateException if the trainer was built without an average
   */
  public E averagedEncoder() {
    if (average == null) {
      throw new IllegalStateException(
          "this trainer keeps no average of the weights; ask the builder: averageDecay(0.999)");
    }
    try (CallGuard.Call call = guard.enter()) {
      E copy = StepPlan.copyOf(encoder);
      average.copyTo(copy.parameters());
      return copy;
    }
  }

  @Override
  public String toString() {
    return "FareTrainer[%s, step %d of %d, loss %s, attack %s]"
        .formatted(encoder, step, settings.steps(), settings.loss(), settings.attack());
  }

  /**
   * Releases the original's copy, the optimizer's memory and the lock of the checkpoints; the
   * encoder stays the caller's. A training in another thread ends after its step before that.
   */
  @Override
  public void close() {
    cancel();
    try {
      guard.close(owned::close);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
