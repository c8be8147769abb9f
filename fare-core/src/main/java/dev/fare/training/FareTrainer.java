package dev.fare.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.common.io.Closer;
import dev.fare.ThreatModel;
import dev.fare.data.BatchLoader;
import dev.fare.data.HostBatch;
import dev.fare.data.ImageDataset;
import dev.fare.data.UnreadableImages;
import dev.fare.torch.MicroBatch;
import dev.fare.torch.TensorScope;
import dev.fare.training.StepClock.Part;
import dev.fare.training.checkpoint.CheckpointState;
import dev.fare.training.optimizer.Gradients;
import dev.fare.training.optimizer.LearningRateSchedule;
import dev.fare.training.optimizer.OptimizerScript;
import dev.fare.training.optimizer.UpdateRule;
import dev.fare.training.optimizer.WeightAverage;
import dev.fare.training.reference.ReferenceCache;
import dev.fare.training.reference.ReferenceWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
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
 * FareTrainer trainer = FareTrainer.builder(encoder)
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
 */
public final class FareTrainer implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(FareTrainer.class);

  private final Closer owned = Closer.create();
  private final TrainableEncoder encoder;
  private final TrainableEncoder measured;
  private final TrainableEncoder original;
  private final TrainingSettings settings;
  private final LearningRateSchedule schedule;
  private final Listeners listeners;
  private final double unreadableFraction;
  private final int loaderThreads;
  private final @Nullable Path referenceCache;
  private final UpdateRule rule;
  private final @Nullable WeightAverage average;
  private final @Nullable Replicas replicas;
  private final GradientSource gradients;
  private final DivergenceGuard guard;
  private final RunState record;
  private final MicroBatch microBatch;
  private final @Nullable ValidationSchedule validator;
  private final @Nullable TrainerCheckpoints checkpoints;
  private long step;
  private volatile boolean cancelled;

  FareTrainer(FareTrainerBuilder builder) {
    StepPlan plan = builder.plan();
    encoder = builder.encoder;
    measured = plan.differentiated(encoder);
    settings = builder.settings();
    schedule = builder.schedule();
    listeners = new Listeners(builder.listeners);
    unreadableFraction = builder.unreadableFraction;
    loaderThreads = builder.loaderThreads;
    referenceCache = builder.referenceCache;
    try {
      owned.register(listeners::close);
      // the lock first: where it is another's, no weight may have been copied or changed
      checkpoints = owned.register(builder.openCheckpoints());
      original = encoder.copy();
      owned.register(original::close);
      Map<String, NDArray> trained = plan.trainedWeights(encoder);
      rule = owned.register(UpdateRule.of(builder.optimizer, trained, settings.weightDecay()));
      average = owned.register(WeightAverage.of(settings.averageDecay(), trained));
      Supplier<String> fingerprint = () -> WeightsFingerprint.of(original.parameters());
      record = new RunState(settings, fingerprint, Hardware.of(encoder, builder.replicas));
      microBatch = new MicroBatch(record);
      validator = owned.register(builder.validator(trained, average, microBatch, record));
      guard = new DivergenceGuard(builder.divergencePolicy, builder.lossLimit, record);
      if (checkpoints != null) {
        checkpoints.resume(tensors(), record).ifPresent(this::goOnFrom);
      }
      plan.warning(settings, checkpoints != null).ifPresent(record::warn);
      replicas = owned.register(Replicas.of(encoder, original, builder.replicas));
      gradients =
          owned.register(
              new GradientSource(
                  plan.stepFor(encoder, original),
                  replicas == null ? List.of() : replicas.steps(plan),
                  settings,
                  builder.metricsEvery,
                  microBatch));
    } catch (RuntimeException | Error e) {
      closeAfter(e);
      throw e;
    }
  }

  /** Everything that changes in training, by group and name. */
  private Map<String, Map<String, NDArray>> tensors() {
    Map<String, Map<String, NDArray>> tensors = new LinkedHashMap<>();
    tensors.put(TrainerCheckpoints.WEIGHTS, encoder.parameters());
    tensors.put(TrainerCheckpoints.OPTIMIZER, rule.state());
    if (average != null) {
      tensors.put(TrainerCheckpoints.AVERAGE, average.averages());
    }
    if (validator != null && !validator.tensors().isEmpty()) {
      tensors.put(TrainerCheckpoints.BEST, validator.tensors());
    }
    return tensors;
  }

  private void closeAfter(Throwable failure) {
    try {
      close();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  private void goOnFrom(CheckpointState state) {
    step = state.step();
    if (validator != null) {
      validator.restore(state.validation());
    }
    LOG.info("training goes on after step {} of {}", step, settings.steps());
  }

  /**
   * Starts to describe a trainer.
   *
   * @param encoder what is trained, in place; the caller stays its owner
   */
  public static FareTrainerBuilder builder(TrainableEncoder encoder) {
    return new FareTrainerBuilder(encoder);
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
   * @throws java.io.UncheckedIOException if too many images can't be read, or a checkpoint can't be
   *     written
   * @throws IllegalStateException if the loss needs labels and the data have none, or if the
   *     checkpoint that the run goes on from was trained on other data
   * @throws TrainingDivergedException if the numbers go wrong and the policy is to stop
   */
  public TrainingSummary fit(ImageDataset data) {
    try (listeners) {
      return run(data);
    } finally {
      cancelled = false;
    }
  }

  private TrainingSummary run(ImageDataset data) {
    UnreadableImages unreadable = new UnreadableImages(data, unreadableFraction);
    record.start(data, step, unreadable);
    BatchLoader.Builder batches =
        BatchLoader.builder(data, encoder.imageSize())
            .batchSize(settings.batchSize())
            .seed(settings.seed())
            .threads(loaderThreads)
            .unreadable(unreadable)
            .batches(step, Math.max(step, settings.steps()));
    LOG.info("training from step {} to {} on {}", step, settings.steps(), data.description());
    listeners.onStart(settings, step);
    ReferenceWriter.Order order =
        new ReferenceWriter.Order(
            data,
            original,
            record.original(),
            microBatch,
            loaderThreads,
            unreadable,
            this::isStopRequested);
    try (ReferenceCache references = ReferenceCache.openOrNull(referenceCache, order);
        BatchLoader loader = batches.build()) {
      while (!isFinished() && !isStopRequested()) {
        StepClock clock = new StepClock();
        Optional<HostBatch> batch = loader.next();
        if (batch.isPresent()) {
          train(batch.get(), references, clock);
          loader.recycle(batch.get());
        }
      }
    }
    if (checkpoints != null) {
      checkpoints.write(step, record, validationState());
    }
    if (validator != null && isFinished() && validator.restoreBest(step) && replicas != null) {
      replicas.follow();
    }
    Map<String, Double> measured = validator == null ? Map.of() : validator.result();
    TrainingSummary summary = record.summary(step, measured);
    LOG.info("training ended after step {} in {}", step, summary.duration());
    listeners.onEnd(summary);
    return summary;
  }

  /**
   * Whether all steps are made, or early stopping has ended the run: {@link #fit} makes no more.
   */
  public boolean isFinished() {
    return step >= settings.steps() || (validator != null && validator.isExhausted());
  }

  private boolean isStopRequested() {
    return cancelled || Thread.currentThread().isInterrupted();
  }

  private Map<String, String> validationState() {
    return validator == null ? Map.of() : validator.state();
  }

  private void train(HostBatch batch, @Nullable ReferenceCache references, StepClock clock) {
    if (batch.images() == 0) {
      clock.lap(Part.DATA);
      record.skip(++step, "none of its images can be read");
      double rate = schedule.rate(settings.learningRate(), step - 1);
      conclude(StepResult.withoutImages(step, rate, clock.timings()));
      return;
    }
    try (NDManager manager = rule.manager().newSubManager()) {
      NDArray pixels = batch.pixels(manager);
      Optional<NDArray> labels = batch.labels(manager);
      clock.lap(Part.DATA);
      NDArray known = references == null ? null : references.read(batch, manager);
      update(pixels, labels.orElse(null), known, batch.indices(), clock);
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
   * @throws java.io.UncheckedIOException if a checkpoint is due and can't be written
   */
  public StepResult step(NDArray pixels) {
    ThreatModel.checkPixels(pixels);
    return update(pixels, null, null, new int[0], new StepClock());
  }

  /**
   * The same where the loss needs labels.
   *
   * @param labels {@code [N]} int64, what the loss understands
   */
  public StepResult step(NDArray pixels, NDArray labels) {
    ThreatModel.checkPixels(pixels);
    return update(pixels, labels, null, new int[0], new StepClock());
  }

  private StepResult update(
      NDArray pixels,
      @Nullable NDArray labels,
      @Nullable NDArray references,
      int[] images,
      StepClock clock) {
    StepResult result;
    try (TensorScope scope = TensorScope.of(pixels)) {
      BatchGradient batch =
          gradients.compute(pixels, labels, references, step, scope.manager(), clock);
      double norm = Gradients.norm(batch.gradients());
      double learningRate = schedule.rate(settings.learningRate(), step);
      boolean skipped = isDiverged(batch, norm, learningRate, images);
      if (!skipped) {
        Gradients.clip(batch.gradients(), norm, settings.gradientClip());
        rule.step(batch.gradients(), learningRate);
        if (average != null) {
          average.update();
        }
        if (replicas != null) {
          replicas.follow();
        }
      }
      step++;
      clock.lap(Part.UPDATE);
      result = batch.result(step, learningRate, norm, skipped, clock.timings());
    }
    conclude(result);
    return result;
  }

  private void conclude(StepResult result) {
    record.add(result);
    listeners.onStep(result);
    if (validator != null) {
      validator
          .measureIfDue(step, measured, original)
          .ifPresent(values -> listeners.onValidation(step, values));
    }
    if (checkpoints != null) {
      checkpoints.writeIfDue(step, record, validationState());
    }
  }

  /** Where the run ends by that, its last good weights are in a checkpoint. */
  private boolean isDiverged(BatchGradient batch, double norm, double learningRate, int[] images) {
    try {
      return guard.isDiverged(step + 1, batch.loss(), norm, learningRate, images);
    } catch (TrainingDivergedException e) {
      if (checkpoints != null) {
        checkpoints.writeAfter(e, step, record, validationState());
      }
      throw e;
    }
  }

  /**
   * Writes a checkpoint now, whether or not one is due.
   *
   * @return its directory
   * @throws IllegalStateException if the trainer was built without checkpoints
   * @throws java.io.UncheckedIOException if it can't be written; the one before is intact
   */
  public Path checkpoint() {
    if (checkpoints == null) {
      throw new IllegalStateException(
          "this trainer has no directory for checkpoints; give the builder one: checkpoints(path)");
    }
    return checkpoints.write(step, record, validationState());
  }

  /**
   * A new encoder with the moving average of the weights; frozen ones are as they are.
   *
   * @return the caller is its owner
   * @throws IllegalStateException if the trainer was built without an average
   */
  public TrainableEncoder averagedEncoder() {
    if (average == null) {
      throw new IllegalStateException(
          "this trainer keeps no average of the weights; ask the builder: averageDecay(0.999)");
    }
    TrainableEncoder copy = encoder.copy();
    Map<String, NDArray> targets = new LinkedHashMap<>(copy.parameters());
    targets.keySet().retainAll(average.averages().keySet());
    OptimizerScript.copy(
        targets.keySet().stream().map(average.averages()::get).toList(),
        List.copyOf(targets.values()));
    return copy;
  }

  /**
   * Releases the original's copy, the optimizer's memory and the lock of the checkpoints; the
   * encoder stays the caller's.
   */
  @Override
  public void close() {
    try {
      owned.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
