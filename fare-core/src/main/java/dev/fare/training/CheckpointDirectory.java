package dev.fare.training;

import ai.djl.ndarray.NDArray;
import dev.fare.io.AtomicDirectory;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The checkpoints of one run, each of which is whole or absent: written beside its place, synced,
 * then renamed into it. The directory is locked against a second trainer as long as this is open.
 */
final class CheckpointDirectory implements AutoCloseable {

  private static final Pattern NAME = Pattern.compile("step-(\\d{9,18})");
  private static final String LOCK = "lock";

  private final Path directory;
  private final FileChannel lockFile;

  private CheckpointDirectory(Path directory, FileChannel lockFile) {
    this.directory = directory;
    this.lockFile = lockFile;
  }

  /**
   * Makes the directory if absent, locks it, and clears away what a killed run left half-written.
   *
   * @throws IllegalStateException if another trainer holds the lock
   */
  static CheckpointDirectory open(Path directory) throws IOException {
    Files.createDirectories(directory);
    FileChannel channel =
        FileChannel.open(
            directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (!isLocked(channel)) {
        throw new IllegalStateException(
            "another trainer is at work in "
                + directory
                + "; wait for it, or choose another directory");
      }
      AtomicDirectory.deleteLeftovers(directory);
      return new CheckpointDirectory(directory, channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static boolean isLocked(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false; // held by this very process
    }
  }

  /** The checkpoints, newest first; whether they are good is not known yet. */
  List<Checkpoint> checkpoints() throws IOException {
    List<Checkpoint> found = new ArrayList<>();
    for (Path path : entries()) {
      Matcher matcher = NAME.matcher(path.getFileName().toString());
      if (matcher.matches()) {
        found.add(new Checkpoint(path, Long.parseLong(matcher.group(1))));
      }
    }
    found.sort(Comparator.comparingLong(Checkpoint::step).reversed());
    return found;
  }

  private List<Path> entries() throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.sorted().toList();
    }
  }

  /**
   * The newest checkpoint that is whole, none if there are no checkpoints at all.
   *
   * @param warnings hears of each one that is damaged
   * @throws IOException if there are checkpoints and all are damaged
   */
  Optional<Checkpoint> newestGood(Consumer<String> warnings) throws IOException {
    List<Checkpoint> all = checkpoints();
    for (Checkpoint checkpoint : all) {
      try {
        checkpoint.verify();
        return Optional.of(checkpoint);
      } catch (IOException e) {
        warnings.accept("checkpoint is passed over: " + e.getMessage());
      }
    }
    if (!all.isEmpty()) {
      throw new IOException(
          "none of the "
              + all.size()
              + " checkpoints in "
              + directory
              + " is whole; to start over, remove them or choose another directory");
    }
    return Optional.empty();
  }

  /** Writes a checkpoint; what was there before stays until the new one is in its place. */
  Checkpoint write(CheckpointState state, Map<String, Map<String, NDArray>> groups)
      throws IOException {
    Path target = directory.resolve(String.format(Locale.ROOT, "step-%09d", state.step()));
    // Only a damaged one can stand there: its step is being made again.
    AtomicDirectory.replace(target, fresh -> Checkpoint.write(fresh, state, groups));
    return new Checkpoint(target, state.step());
  }

  /** Keeps the newest ones and those whose step is a multiple of {@code milestoneEvery}. */
  void prune(int keepLast, long milestoneEvery) throws IOException {
    List<Checkpoint> all = checkpoints();
    for (Checkpoint checkpoint : all.subList(Math.min(keepLast, all.size()), all.size())) {
      if (milestoneEvery == 0 || checkpoint.step() % milestoneEvery != 0) {
        AtomicDirectory.remove(checkpoint.directory());
      }
    }
  }

  Path path() {
    return directory;
  }

  /** Releases the lock. */
  @Override
  public void close() throws IOException {
    lockFile.close();
  }
}
