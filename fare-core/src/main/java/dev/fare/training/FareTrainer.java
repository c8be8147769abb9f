package dev.fare.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.fare.ThreatModel;
import dev.fare.data.ImageDataset;
import dev.fare.torch.TensorScope;
import dev.fare.training.StepClock.Part;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Fine-tunes an encoder so that its embedding of any image within a small ball stays where the
 * original encoder put the clean image (Robust CLIP, equation 3).
 *
 * <pre>{@code
 * FareTrainer trainer = FareTrainer.builder(encoder)
 *     .attack(pgd)
 *     .learningRate(1e-5).weightDecay(1e-4).warmupSteps(1_400).steps(20_000).batchSize(128)
 *     .build();
 * TrainingSummary summary = trainer.fit(ImageFolder.of(Path.of("imagenet/train")));
 * }</pre>
 *
 * <p>The encoder's weights are updated in place. The original is a copy of it, taken when the
 * trainer is built. One thread may train at a time; {@link #cancel} may come from any.
 */
public final class FareTrainer implements AutoCloseable {

  private final TrainableEncoder encoder;
  private final TrainableEncoder original;
  private final TrainingSettings settings;
  private final LearningRateSchedule schedule;
  private final List<TrainingListener> listeners;
  private final int metricsEvery;
  private final double unreadableFraction;
  private final UpdateRule rule;
  private final FareStep mathematics;
  private long step;
  private volatile boolean cancelled;

  FareTrainer(FareTrainerBuilder builder) {
    encoder = builder.encoder;
    settings = builder.settings();
    schedule = builder.schedule();
    listeners = List.copyOf(builder.listeners);
    metricsEvery = builder.metricsEvery;
    unreadableFraction = builder.unreadableFraction;
    original = encoder.copy();
    Map<String, NDArray> trained = builder.trainedWeights();
    rule = UpdateRule.of(builder.optimizer, trained, settings.weightDecay());
    mathematics =
        new FareStep(
            encoder,
            original,
            builder.attack,
            builder.loss,
            builder.attackLoss(),
            List.copyOf(trained.values()));
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

  /** How many updates have been made. */
  public long step() {
    return step;
  }

  /**
   * Trains until the number of steps is reached, or until {@link #cancel} or an interruption of
   * this thread; what was interrupted can go on by calling this again.
   *
   * @throws java.io.UncheckedIOException if too many images can't be read
   * @throws IllegalStateException if the loss needs labels and the data have none
   */
  public TrainingSummary fit(ImageDataset data) {
    UnreadableImages unreadable = new UnreadableImages(data.size(), unreadableFraction);
    BatchReader reader =
        new BatchReader(
            data, settings.seed(), settings.batchSize(), encoder.imageSize(), unreadable);
    RunRecord run = new RunRecord(settings, data.description(), step);
    listeners.forEach(listener -> listener.onStart(settings, step));
    cancelled = false;
    ByteBuffer buffer = reader.newBuffer();
    while (step < settings.steps() && !isStopRequested()) {
      StepClock clock = new StepClock();
      HostBatch batch = reader.read(step, buffer);
      if (batch.images() == 0) {
        run.skip(++step, "none of its images can be read");
        continue;
      }
      StepResult result = train(batch, clock);
      run.add(result);
      listeners.forEach(listener -> listener.onStep(result));
    }
    TrainingSummary summary = run.summary(step, unreadable);
    listeners.forEach(listener -> listener.onEnd(summary));
    return summary;
  }

  private boolean isStopRequested() {
    return cancelled || Thread.currentThread().isInterrupted();
  }

  private StepResult train(HostBatch batch, StepClock clock) {
    try (NDManager manager = rule.manager().newSubManager()) {
      NDArray pixels = batch.pixels(manager);
      Optional<NDArray> labels = batch.labels(manager);
      clock.lap(Part.DATA);
      return update(pixels, labels.orElse(null), clock);
    }
  }

  /** Asks {@link #fit} to end after the step that is being made. */
  public void cancel() {
    cancelled = true;
  }

  /**
   * One update on images that the host brings.
   *
   * @param pixels {@code [N,3,H,W]} float32 in [0,1] on the encoder's device; the caller stays
   *     their owner
   */
  public StepResult step(NDArray pixels) {
    ThreatModel.checkPixels(pixels);
    return update(pixels, null, new StepClock());
  }

  /**
   * The same where the loss needs labels.
   *
   * @param labels {@code [N]} int64, what the loss understands
   */
  public StepResult step(NDArray pixels, NDArray labels) {
    ThreatModel.checkPixels(pixels);
    return update(pixels, labels, new StepClock());
  }

  private StepResult update(NDArray pixels, @Nullable NDArray labels, StepClock clock) {
    try (TensorScope scope = TensorScope.of(pixels)) {
      BatchGradient batch = new BatchGradient(scope, pixels.getShape().get(0));
      gatherGradient(pixels, labels, batch, clock);
      NDList gradients = batch.gradients();
      double norm = Gradients.norm(gradients);
      Gradients.clip(gradients, norm, settings.gradientClip());
      double learningRate = schedule.rate(settings.learningRate(), step);
      rule.step(gradients, learningRate);
      step++;
      clock.lap(Part.UPDATE);
      return new StepResult(
          step,
          batch.loss(),
          batch.adversarialCosine(),
          batch.cleanCosine(),
          learningRate,
          norm,
          (int) batch.images(),
          false,
          clock.timings());
    }
  }

  private void gatherGradient(
      NDArray pixels, @Nullable NDArray labels, BatchGradient batch, StepClock clock) {
    long seed = Seeds.mix(settings.seed(), "attack", step);
    boolean measureClean = metricsEvery > 0 && step % metricsEvery == 0;
    int part = settings.microBatchSize();
    for (long from = 0; from < batch.images(); from += part) {
      long to = Math.min(from + part, batch.images());
      NDIndex rows = new NDIndex().addSliceDim(from, to);
      mathematics.addGradient(
          pixels.get(rows),
          labels == null ? null : labels.get(rows),
          LongStream.range(from, to).toArray(),
          seed,
          measureClean,
          batch,
          clock);
    }
  }

  /** Releases the original's copy and the optimizer's memory; the encoder stays the caller's. */
  @Override
  public void close() {
    rule.close();
    original.close();
  }
}
