package dev.fare.training;

import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Writes a trainer's checkpoints, and brings it back to where the newest good one was written. */
final class TrainerCheckpoints implements AutoCloseable {

  /**
   * How a batch is divided and what is computed again changes the rounding of its sums and nothing
   * else.
   */
  private static final Set<String> DIVISION =
      Set.of("microBatchSize", "devices", "activationCheckpointing");

  private final CheckpointPolicy policy;
  private final CheckpointDirectory directory;
  private final Map<String, Map<String, NDArray>> tensors;
  private final Map<String, String> settings;
  private final String original;
  private @Nullable Path newest;
  private long newestStep = -1;

  private TrainerCheckpoints(
      CheckpointPolicy policy,
      CheckpointDirectory directory,
      Map<String, Map<String, NDArray>> tensors,
      Map<String, String> settings,
      String original) {
    this.policy = policy;
    this.directory = directory;
    this.tensors = tensors;
    this.settings = settings;
    this.original = original;
  }

  /**
   * Locks the directory.
   *
   * @param tensors everything that changes in training, by group and name; the trainer's own
   */
  static TrainerCheckpoints open(
      CheckpointPolicy policy,
      Map<String, Map<String, NDArray>> tensors,
      TrainingSettings settings,
      Map<String, NDArray> originalWeights) {
    try {
      CheckpointDirectory directory = CheckpointDirectory.open(policy.directory());
      return new TrainerCheckpoints(
          policy, directory, tensors, settings.asMap(), WeightsFingerprint.of(originalWeights));
    } catch (IOException e) {
      throw new UncheckedIOException(
          "checkpoints can't be kept in " + policy.directory() + ": " + e.getMessage(), e);
    }
  }

  /**
   * Reads the newest good checkpoint into the trainer's arrays.
   *
   * @param warnings hears of damaged checkpoints and of settings that may differ
   * @return what it says besides, empty if there is none
   * @throws IllegalStateException if it comes from a run with other settings
   */
  Optional<CheckpointState> resume(Consumer<String> warnings) {
    try {
      Optional<Checkpoint> found = directory.newestGood(warnings);
      if (found.isEmpty()) {
        return Optional.empty();
      }
      CheckpointState state = found.get().state();
      checkSameRun(state, warnings);
      found.get().readInto(tensors);
      newest = found.get().directory();
      newestStep = state.step();
      return Optional.of(state);
    } catch (IOException e) {
      throw new UncheckedIOException("can't go on from a checkpoint: " + e.getMessage(), e);
    }
  }

  private void checkSameRun(CheckpointState state, Consumer<String> warnings) {
    settings.forEach(
        (name, ours) -> {
          String theirs = state.settings().get(name);
          if (Objects.equals(theirs, ours)) {
            return;
          }
          String difference = name + " was " + theirs + " there and is " + ours + " here";
          if (!DIVISION.contains(name)) {
            throw otherRun(difference);
          }
          warnings.accept(difference + ": the sums are the same up to rounding only");
        });
    if (!state.original().equals(original)) {
      throw otherRun("the original encoder has other weights; load the one the run began with");
    }
    if (!state.versions().equals(Versions.current())) {
      warnings.accept(
          "the checkpoint was written by "
              + state.versions()
              + ", this is "
              + Versions.current()
              + ": results may differ in the last bits");
    }
  }

  private IllegalStateException otherRun(String difference) {
    return new IllegalStateException(
        "the checkpoints in "
            + policy.directory()
            + " are another run's: "
            + difference
            + ". Choose another directory, or the settings of that run");
  }

  /** Writes a checkpoint if one is due after this many steps. */
  void writeIfDue(long step, RunRecord record, Map<String, String> validation) {
    if (policy.isDue(step)) {
      write(step, record, validation);
    }
  }

  /** Writes a checkpoint unless the newest is of this step. */
  Path write(long step, RunRecord record, Map<String, String> validation) {
    if (newest != null && newestStep == step) {
      return newest;
    }
    CheckpointState state =
        new CheckpointState(
            step,
            record.skipped(),
            record.dataIdentity(),
            original,
            validation,
            settings,
            Versions.current());
    // an interrupted thread could not write to a channel: the interruption waits until this is done
    boolean interrupted = Thread.interrupted();
    try {
      while (true) {
        try {
          return write(state);
        } catch (ClosedByInterruptException e) {
          interrupted |= Thread.interrupted();
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "the checkpoint of step "
              + step
              + " could not be written to "
              + policy.directory()
              + ": "
              + e.getMessage()
              + (newest == null ? "" : "; the one before is intact: " + newest),
          e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private Path write(CheckpointState state) throws IOException {
    Checkpoint written = directory.write(state, tensors);
    newest = written.directory();
    newestStep = state.step();
    directory.prune(policy.keepLast(), policy.milestoneEvery());
    return written.directory();
  }

  @Override
  public void close() {
    try {
      directory.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
