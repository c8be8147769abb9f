package dev.fare.training;

import com.google.common.base.Suppliers;
import com.google.common.collect.ImmutableSet;
import dev.fare.data.ImageDataset;
import dev.fare.data.UnreadableImages;
import dev.fare.torch.Versions;
import dev.fare.training.checkpoint.CheckpointState;
import dev.fare.training.checkpoint.RunProgress;
import dev.fare.training.checkpoint.RunProgress.Update;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Records what came of a run, over all its calls and restarts; it decides nothing. */
final class RunState {

  private static final Logger LOG = LoggerFactory.getLogger(FareTrainer.class);
  private static final int RECENT = 100;

  private final TrainingSettings settings;
  private final Supplier<String> original;
  private final Map<String, String> environment;
  private final Deque<Update> recent = new ArrayDeque<>();
  private final List<String> warnings = new ArrayList<>();
  private List<Integer> unreadableBefore = List.of();
  private @Nullable UnreadableImages unreadable;
  private String data = "";
  private String dataIdentity = "";
  private long firstStep;
  private long nanosBefore;
  private @Nullable Long started;
  private long images;
  private long skipped;

  /**
   * Of a run that has done nothing.
   *
   * @param original fingerprint of its weights, asked for once there is something to say
   * @param environment where it is computed
   */
  RunState(TrainingSettings settings, Supplier<String> original, Map<String, String> environment) {
    this.settings = settings;
    this.original = Suppliers.memoize(original::get);
    this.environment = environment;
  }

  /**
   * Begins a call of {@code fit}.
   *
   * @param found is told what could not be read before
   * @throws IllegalStateException if the run has begun on other data
   */
  void start(ImageDataset trainedOn, long step, UnreadableImages found) {
    String identity = trainedOn.identity();
    // earlier versions wrote the description
    Set<String> same = ImmutableSet.of("", identity, trainedOn.description());
    if (step > 0 && !same.contains(dataIdentity)) {
      throw new IllegalStateException(
          "the run began on other data: "
              + dataIdentity
              + ", now "
              + identity
              + " ("
              + trainedOn.description()
              + "). Go on with those, or start another run");
    }
    found.restore(unreadableIndices());
    unreadable = found;
    data = trainedOn.description();
    dataIdentity = identity;
    firstStep = step;
    started = System.nanoTime();
  }

  /** Goes on with what a checkpoint knew; what was said since this was made comes after it. */
  void restore(CheckpointState state) {
    RunProgress memory = state.memory();
    dataIdentity = state.data();
    skipped = state.skippedSteps();
    images = memory.images();
    nanosBefore = Duration.ofMillis(memory.milliseconds()).toNanos();
    unreadableBefore = memory.unreadable();
    recent.addAll(memory.recent());
    warnings.addAll(0, memory.warnings());
  }

  /**
   * All that a checkpoint says besides its tensors.
   *
   * @param validation where early stopping stands
   * @param skippedInARow updates left out just before
   * @param microBatch images in memory together
   */
  CheckpointState checkpoint(
      long step, Map<String, String> validation, int skippedInARow, int microBatch) {
    return new CheckpointState(
        step,
        skipped,
        dataIdentity,
        original(),
        validation,
        settings.asMap(),
        Versions.current(),
        new RunProgress(
            images,
            elapsed().toMillis(),
            skippedInARow,
            microBatch < settings.microBatchSize() ? microBatch : 0,
            List.copyOf(warnings),
            unreadableIndices(),
            List.copyOf(recent)));
  }

  private List<Integer> unreadableIndices() {
    return unreadable == null ? unreadableBefore : unreadable.indices();
  }

  private Duration elapsed() {
    long now = started == null ? 0 : System.nanoTime() - started;
    return Duration.ofNanos(nanosBefore + now);
  }

  void add(StepResult result) {
    images += result.images();
    if (result.skipped()) {
      return;
    }
    recent.addLast(
        new Update(
            result.step(), result.loss(), result.adversarialCosine(), result.gradientNorm()));
    if (recent.size() > RECENT) {
      recent.removeFirst();
    }
  }

  void skip(long step, String reason) {
    skipped++;
    warn("step " + step + " is left out: " + reason);
  }

  /** A warning is logged at once and is in the summary, once. */
  void warn(String warning) {
    if (!warnings.contains(warning)) {
      warnings.add(warning);
    }
    LOG.warn("{}", warning);
  }

  /** The SHA-256 of the original's weights. */
  String original() {
    return original.get();
  }

  /** The last few updates, for a message. */
  List<Update> lastUpdates() {
    List<Update> all = List.copyOf(recent);
    return all.subList(Math.max(0, all.size() - 5), all.size());
  }

  private double mean(ToDoubleFunction<Update> value) {
    return recent.stream().mapToDouble(value).average().orElse(Double.NaN);
  }

  /** Ends a call of {@code fit}. */
  TrainingSummary summary(long lastStep, Map<String, Double> validation) {
    nanosBefore = elapsed().toNanos();
    started = null;
    int missing = unreadableIndices().size();
    List<String> all = new ArrayList<>(warnings);
    if (missing > 0) {
      all.add(missing + " images could not be read and were left out");
    }
    return new TrainingSummary(
        settings,
        data,
        original(),
        environment,
        firstStep,
        lastStep,
        images,
        mean(Update::loss),
        mean(Update::adversarialCosine),
        validation,
        skipped,
        missing,
        elapsed(),
        all);
  }
}
