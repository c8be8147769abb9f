package dev.fare.models.hub;

import static java.util.stream.Collectors.joining;

import dev.fare.io.AtomicFile;
import dev.fare.models.hub.RepositoryInfo.RemoteFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The files of one repository on this machine: {@code snapshots/<commit>/} with whole files only,
 * {@code complete/<commit>} with their list once all are there, {@code refs/<revision>} with the
 * commit that a branch or tag was last seen at, {@code partial/} with what is on its way.
 */
final class HubCache {

  private static final int LOCK_POLL_MILLIS = 200;

  /** Larger files are hashed only where they changed since the list was written. */
  private static final long ALWAYS_HASHED = 64L << 20;

  private static final String COMMIT = "[0-9a-f]{40}";
  private static final String SEPARATOR = "\t";

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

  /** The commit of a revision that is here already; none where its note is damaged. */
  Optional<String> resolve(String revision) throws IOException {
    if (revision.matches(COMMIT)) {
      return Optional.of(revision);
    }
    return lines(ref(revision)).stream().findFirst().filter(line -> line.matches(COMMIT));
  }

  /**
   * The files of a commit that were wanted when it was downloaded; none where they are not all here
   * or where one is damaged.
   */
  List<RemoteFile> whole(String commit) throws IOException {
    List<RemoteFile> files = new ArrayList<>();
    for (String line : lines(complete(commit))) {
      Optional<RemoteFile> file = parse(line);
      if (file.isEmpty() || !isWhole(commit, file.get())) {
        return List.of();
      }
      files.add(file.get());
    }
    return files;
  }

  /** Whether a file of a commit is here with its size and checksum. */
  boolean isWhole(String commit, RemoteFile file) throws IOException {
    Path here = snapshot(commit).resolve(file.name());
    if (!Files.isRegularFile(here)) {
      return false;
    }
    long size = Files.size(here);
    if (file.size().isPresent() && file.size().getAsLong() != size) {
      return false;
    }
    boolean isKnown =
        size > ALWAYS_HASHED
            && Files.exists(complete(commit))
            && Files.getLastModifiedTime(here)
                    .compareTo(Files.getLastModifiedTime(complete(commit)))
                <= 0;
    return isKnown || file.checksum().isEmpty() || file.checksum().get().matches(here);
  }

  /** Notes that a revision's files are here. */
  void complete(String revision, String commit, Collection<RemoteFile> files) throws IOException {
    String list = files.stream().map(HubCache::line).collect(joining("\n", "", "\n"));
    write(complete(commit), list);
    point(revision, commit);
  }

  /** Notes the commit of a revision, unless that is known. */
  void point(String revision, String commit) throws IOException {
    if (!resolve(revision).equals(Optional.of(commit))) {
      write(ref(revision), commit + "\n");
    }
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

  private static String line(RemoteFile file) {
    String size = file.size().isPresent() ? String.valueOf(file.size().getAsLong()) : "";
    return file.name()
        + SEPARATOR
        + size
        + SEPARATOR
        + file.checksum().map(Checksum::hex).orElse("");
  }

  /**
   * A line of a list, or the mere name that earlier versions wrote; nothing where it is damaged.
   */
  private static Optional<RemoteFile> parse(String line) {
    String[] fields = line.split(SEPARATOR, -1);
    boolean isKnown =
        WantedFiles.isPlainName(fields[0])
            && (fields.length == 1 || (fields.length == 3 && fields[1].matches("[0-9]{0,18}")));
    if (!isKnown) {
      return Optional.empty();
    }
    boolean hasSize = fields.length == 3 && !fields[1].isEmpty();
    return Optional.of(
        new RemoteFile(
            fields[0],
            hasSize ? OptionalLong.of(Long.parseLong(fields[1])) : OptionalLong.empty(),
            fields.length == 3 ? Checksum.of(fields[2]) : Optional.empty()));
  }

  private Path complete(String commit) {
    return directory.resolve("complete").resolve(commit);
  }

  private Path ref(String revision) {
    return directory.resolve("refs").resolve(revision.replace("/", "--"));
  }

  /** The lines of a note; none where there is none. Bytes that are no text make no name. */
  private static List<String> lines(Path file) throws IOException {
    return Files.isRegularFile(file)
        ? Files.readAllLines(file, StandardCharsets.ISO_8859_1)
        : List.of();
  }

  private static void write(Path file, String text) throws IOException {
    AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
  }
}
