package dev.fare.models.hub;

import dev.fare.io.AtomicFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;

/**
 * The files of one repository on this machine: {@code snapshots/<commit>/} with whole files only,
 * {@code complete/<commit>} with their list once all are there, {@code refs/<revision>} with the
 * commit that a branch or tag was last seen at, {@code partial/} with what is on its way.
 */
final class HubCache {

  private static final int LOCK_POLL_MILLIS = 200;

  private final Path directory;

  HubCache(Path root, String repository) {
    this.directory = root.resolve("models--" + repository.replace("/", "--"));
  }

  /** Where the files of a commit lie. */
  Path snapshot(String commit) {
    return directory.resolve("snapshots").resolve(commit);
  }

  /** Where a file lies while it is on its way. */
  Path partial(String commit, String file) throws IOException {
    Path partial = directory.resolve("partial");
    Files.createDirectories(partial);
    return partial.resolve(commit + "-" + file);
  }

  /** The commit of a revision that is here already. */
  Optional<String> resolve(String revision) throws IOException {
    if (revision.matches("[0-9a-f]{40}")) {
      return Optional.of(revision);
    }
    Path ref = ref(revision);
    return Files.exists(ref) ? Optional.of(Files.readString(ref).strip()) : Optional.empty();
  }

  /** Whether all files of a commit that were wanted are here. */
  boolean isComplete(String commit, List<String> wanted) throws IOException {
    Path list = complete(commit);
    if (!Files.exists(list)) {
      return false;
    }
    List<String> names = Files.readAllLines(list);
    return names.containsAll(wanted)
        && names.stream().allMatch(name -> Files.exists(snapshot(commit).resolve(name)));
  }

  /** Notes that a revision's files are here. */
  void complete(String revision, String commit, List<String> files) throws IOException {
    write(complete(commit), String.join("\n", files) + "\n");
    write(ref(revision), commit + "\n");
  }

  /** Keeps other downloads of the repository waiting, in this process and in others. */
  Lock lock() throws IOException {
    Files.createDirectories(directory);
    FileChannel channel =
        FileChannel.open(
            directory.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      while (true) {
        try {
          return new Lock(channel, channel.lock());
        } catch (OverlappingFileLockException e) {
          Thread.sleep(LOCK_POLL_MILLIS); // Another thread of this process has it.
        }
      }
    } catch (InterruptedException e) {
      channel.close();
      Thread.currentThread().interrupt();
      throw new HubException("interrupted while another download is under way", e);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** A lock that ends when it is closed. */
  record Lock(FileChannel channel, FileLock held) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  private Path complete(String commit) {
    return directory.resolve("complete").resolve(commit);
  }

  private Path ref(String revision) {
    return directory.resolve("refs").resolve(revision.replace("/", "--"));
  }

  private static void write(Path file, String text) throws IOException {
    AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
  }
}
