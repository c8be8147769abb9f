package dev.fare.training;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import dev.fare.io.RecordedNames;
import dev.fare.torch.Versions;
import dev.fare.training.checkpoint.Checkpoint;
import dev.fare.training.checkpoint.CheckpointDirectory;
import dev.fare.training.checkpoint.CheckpointPolicy;
import dev.fare.training.checkpoint.CheckpointState;
import dev.fare.training.optimizer.UpdateRule;
import dev.fare.training.weights.WeightAverage;
import dev.fare.training.weights.WeightScript;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Writes a trainer's checkpoints, and brings it back to where the newest good one was written. */
final class TrainerCheckpoints implements Closeable {

  private static final String WEIGHTS = "weights";
  private static final String OPTIMIZER = "optimizer";
  private static final String AVERAGE = "average";
  private static final String BEST = "best";

  private final CheckpointPolicy policy;
  private final CheckpointDirectory directory;
  private final Map<String, String> settings;
  private final Map<String, Map<String, NDArray>> tensors = new LinkedHashMap<>();
  private @Nullable Path newest;
  private long newestStep = -1;

  private TrainerCheckpoints(
      CheckpointPolicy policy, CheckpointDirectory directory, Map<String, String> settings) {
    this.policy = policy;
    this.directory = directory;
    this.settings = settings;
  }

  /**
   * Locks the directory, if checkpoints are asked for.
   *
   * @return empty if they are not
   * @throws IllegalStateException if another trainer holds the lock
   */
  static Optional<TrainerCheckpoints> open(TrainerOptions<?> asked, TrainingSettings settings) {
    if (asked.checkpoints == null) {
      return Optional.empty();
    }
    CheckpointPolicy policy =
        new CheckpointPolicy(
            asked.checkpoints,
            asked.checkpointEvery,
            asked.keepCheckpoints,
            asked.milestoneEvery,
            asked.allowChangedSettings);
    try {
      CheckpointDirectory directory = CheckpointDirectory.open(policy.directory());
      return Optional.of(new TrainerCheckpoints(policy, directory, settings.asMap()));
    } catch (IOException e) {
      throw new UncheckedIOException(
          "checkpoints can't be kept in " + policy.directory() + ": " + e, e);
    }
  }

  /**
   * Reads the newest good checkpoint into the trainer's arrays and the run's state, which hears of
   * damaged checkpoints and of settings that differ.
   *
   * <p>The arrays that are given here are also what is written from now on.
   *
   * @param average null where none is kept
   * @param validation which goes on, too; with the best weights where they are kept
   * @return what it says besides, empty if there is none
   * @throws IllegalStateException if it comes from a run with other settings and that is not
   *     allowed, or with another original or other frozen weights; no weight is changed then
   */
  Optional<CheckpointState> resume(
      TrainableEncoder encoder,
      UpdateRule rule,
      @Nullable WeightAverage average,
      ValidationSchedule validation,
      RunState run) {
    tensors.put(WEIGHTS, encoder.parameters());
    tensors.put(OPTIMIZER, rule.state());
    if (average != null) {
      tensors.put(AVERAGE, average.averages());
    }
    if (!validation.tensors().isEmpty()) {
      tensors.put(BEST, validation.tensors());
    }
    try {
      Optional<Checkpoint> found = directory.newestGood(run::warn);
      if (found.isEmpty()) {
        return Optional.empty();
      }
      CheckpointState state = found.get().state();
      List<String> changes = checkSameRun(state, run.original());
      validation.restore(state.validation());
      readInto(found.get(), run);
      run.restore(state);
      changes.forEach(run::warn);
      newest = found.get().directory();
      newestStep = state.step();
      return Optional.of(state);
    } catch (IOException e) {
      throw new UncheckedIOException("can't go on from a checkpoint: " + e.getMessage(), e);
    }
  }

  /** What differs and may. */
  private List<String> checkSameRun(CheckpointState state, String original) {
    List<String> refused = new ArrayList<>();
    List<String> allowed = new ArrayList<>();
    settings.forEach(
        (name, ours) -> {
          String theirs = state.settings().get(name);
          if (theirs == null || RecordedNames.of(theirs).equals(RecordedNames.of(ours))) {
            return; // checkpoints of earlier versions know fewer settings
          }
          String difference = name + " was " + theirs + " there and is " + ours + " here";
          String change =
              name
                  + " was "
                  + theirs
                  + " up to step "
                  + state.step()
                  + " and is "
                  + ours
                  + " since";
          if (TrainingSettings.TRAINED.contains(name)) {
            throw otherRun("other weights are frozen: " + difference + ". Freeze the same ones");
          } else if (TrainingSettings.DIVISION.contains(name)) {
            allowed.add(change + ": the sums are the same up to rounding only");
          } else if (TrainingSettings.WATCH.contains(name) || policy.changedSettingsAllowed()) {
            allowed.add(change);
          } else {
            refused.add(difference);
          }
        });
    if (!state.original().equals(original)) {
      throw otherRun("the original encoder has other weights. Load the one the run began with");
    }
    if (!refused.isEmpty()) {
      throw otherRun(
          String.join(", ", refused)
              + ". Take the settings of that run, or go on with these on purpose:"
              + " allowChangedSettings(true)");
    }
    if (!state.versions().equals(Versions.current())) {
      allowed.add(
          "the checkpoint was written by "
              + state.versions()
              + ", this is "
              + Versions.current()
              + ": results may differ in the last bits");
    }
    return allowed;
  }

  private IllegalStateException otherRun(String difference) {
    return new IllegalStateException(
        "the checkpoints in "
            + policy.directory()
            + " are another run's: "
            + difference
            + "; or choose another directory");
  }

  /** What changed settings need and the checkpoint does not have starts as in a new run. */
  private void readInto(Checkpoint checkpoint, RunState run) throws IOException {
    Map<String, Map<String, NDArray>> stored = new LinkedHashMap<>(tensors);
    Map<String, NDArray> weights = requireNonNull(tensors.get(WEIGHTS));
    for (Map.Entry<String, Map<String, NDArray>> group : tensors.entrySet()) {
      String name = group.getKey();
      boolean mayStartAnew =
          name.equals(BEST) || (policy.changedSettingsAllowed() && !name.equals(WEIGHTS));
      if (mayStartAnew && !checkpoint.holds(name, group.getValue())) {
        stored.remove(name);
      }
    }
    checkpoint.readInto(stored);
    Map<String, NDArray> average = tensors.get(AVERAGE);
    if (average != null && !stored.containsKey(AVERAGE)) {
      WeightScript.copy(
          average.keySet().stream().map(name -> requireNonNull(weights.get(name))).toList(),
          List.copyOf(average.values()));
      run.warn("the average of the weights starts after step " + checkpoint.step());
    }
    if (!stored.containsKey(OPTIMIZER)) {
      run.warn("the optimizer starts anew after step " + checkpoint.step());
    }
  }

  /** Writes a checkpoint if one is due after this many steps. */
  void writeIfDue(long step, Supplier<CheckpointState> state) {
    if (policy.isDue(step)) {
      write(state.get());
    }
  }

  /** Writes a checkpoint unless the newest is of this step. */
  Path write(CheckpointState state) {
    if (newest != null && newestStep == state.step()) {
      return newest;
    }
    try {
      return writeNow(state);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "the checkpoint of step "
              + state.step()
              + " could not be written to "
              + policy.directory()
              + ": "
              + e
              + (newest == null ? "" : "; the one before is intact: " + newest),
          e);
    }
  }

  /** The same before a run ends by a failure, which a failure to write must not hide. */
  void writeAfter(RuntimeException failure, CheckpointState state) {
    try {
      write(state);
    } catch (UncheckedIOException e) {
      failure.addSuppressed(e);
    }
  }

  private Path writeNow(CheckpointState state) throws IOException {
    Checkpoint written = directory.write(state, tensors);
    newest = written.directory();
    newestStep = state.step();
    directory.prune(policy.keepLast(), policy.milestoneEvery());
    return written.directory();
  }

  /** Releases the lock. */
  @Override
  public void close() throws IOException {
    directory.close();
  }
}
