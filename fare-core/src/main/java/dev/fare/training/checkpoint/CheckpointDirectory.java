package dev.fare.training.checkpoint;

import ai.djl.ndarray.NDArray;
import dev.fare.io.AtomicDirectory;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The checkpoints of one run, each of which is whole or absent: written beside its place, synced,
 * then renamed into it. The directory is locked against a second trainer as long as this is open.
 */
public final class CheckpointDirectory implements AutoCloseable {

  private static final Pattern NAME = Pattern.compile("step-(\\d{9,18})");
  private static final String DAMAGED = "damaged-";
  private static final String LOCK = "lock";

  /**
   * The directories that trainers of this process hold. Whoever closes any channel of the lock file
   * releases the process's lock, so a second one must be refused before the file is opened.
   */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path directory;
  private final Path identity;
  private final FileChannel lockFile;

  private CheckpointDirectory(Path directory, Path identity, FileChannel lockFile) {
    this.directory = directory;
    this.identity = identity;
    this.lockFile = lockFile;
  }

  /**
   * Makes the directory if absent, locks it, and clears away what a killed run left half-written.
   *
   * @throws IllegalStateException if another trainer holds the lock, in this process or another
   */
  public static CheckpointDirectory open(Path directory) throws IOException {
    Files.createDirectories(directory);
    Path identity = directory.toRealPath();
    if (!HELD.add(identity)) {
      throw inUse(directory);
    }
    try {
      FileChannel lockFile = lock(directory);
      try {
        AtomicDirectory.deleteLeftovers(directory);
        return new CheckpointDirectory(directory, identity, lockFile);
      } catch (IOException | RuntimeException e) {
        lockFile.close();
        throw e;
      }
    } catch (IOException | RuntimeException e) {
      HELD.remove(identity);
      throw e;
    }
  }

  private static FileChannel lock(Path directory) throws IOException {
    FileChannel channel =
        FileChannel.open(
            directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (channel.tryLock() == null) {
        throw inUse(directory);
      }
      return channel;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static IllegalStateException inUse(Path directory) {
    return new IllegalStateException(
        "another trainer is at work in "
            + directory
            + "; wait for it, or choose another directory");
  }

  /** The checkpoints, newest first; whether they are good is not known yet. */
  List<Checkpoint> checkpoints() throws IOException {
    return named("");
  }

  private List<Checkpoint> named(String prefix) throws IOException {
    List<Checkpoint> found = new ArrayList<>();
    for (Path path : entries()) {
      String name = path.getFileName().toString();
      Matcher matcher = NAME.matcher(name.substring(name.startsWith(prefix) ? prefix.length() : 0));
      if (name.startsWith(prefix) && matcher.matches()) {
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
   * The newest checkpoint that is whole, none if there are no checkpoints at all. Damaged ones that
   * are newer are set aside, so that they are not taken for checkpoints of the steps to come.
   *
   * @param warnings hears of each one that is damaged
   * @throws IOException if there are checkpoints and all are damaged; they stay as they are
   */
  public Optional<Checkpoint> newestGood(Consumer<String> warnings) throws IOException {
    List<Checkpoint> damaged = new ArrayList<>();
    for (Checkpoint checkpoint : checkpoints()) {
      try {
        checkpoint.verify();
      } catch (IOException e) {
        warnings.accept("checkpoint is passed over: " + e.getMessage());
        damaged.add(checkpoint);
        continue;
      }
      for (Checkpoint each : damaged) {
        setAside(each);
      }
      return Optional.of(checkpoint);
    }
    if (!damaged.isEmpty()) {
      throw new IOException(
          "none of the "
              + damaged.size()
              + " checkpoints in "
              + directory
              + " is whole; to start over, remove them or choose another directory");
    }
    return Optional.empty();
  }

  private void setAside(Checkpoint damaged) throws IOException {
    Path aside = directory.resolve(DAMAGED + damaged.directory().getFileName());
    AtomicDirectory.remove(aside); // damaged twice at the same step
    Files.move(damaged.directory(), aside, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Writes a checkpoint; what was there before stays until the new one is in its place. */
  public Checkpoint write(CheckpointState state, Map<String, Map<String, NDArray>> groups)
      throws IOException {
    Path target = directory.resolve(String.format(Locale.ROOT, "step-%09d", state.step()));
    AtomicDirectory.replace(target, fresh -> Checkpoint.write(fresh, state, groups));
    return new Checkpoint(target, state.step());
  }

  /**
   * Keeps the newest ones and those whose step is a multiple of {@code milestoneEvery}, and of the
   * damaged ones those of steps that are still to be made again.
   */
  public void prune(int keepLast, long milestoneEvery) throws IOException {
    List<Checkpoint> all = checkpoints();
    for (Checkpoint checkpoint : all.subList(Math.min(keepLast, all.size()), all.size())) {
      if (milestoneEvery == 0 || checkpoint.step() % milestoneEvery != 0) {
        AtomicDirectory.remove(checkpoint.directory());
      }
    }
    for (Checkpoint damaged : named(DAMAGED)) {
      if (!all.isEmpty() && damaged.step() <= all.get(0).step()) {
        AtomicDirectory.remove(damaged.directory());
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
    HELD.remove(identity);
  }
}
