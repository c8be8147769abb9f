package dev.fare.models.format;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** A directory that is whole or absent: filled beside its place, then renamed into it. */
public final class AtomicDirectory {

  private AtomicDirectory() {}

  /** What fills the directory, with files that are synced. */
  @FunctionalInterface
  public interface Content {
    /** Fills an empty directory. */
    void writeTo(Path directory) throws IOException;
  }

  /**
   * Writes a directory.
   *
   * <p>A directory that is there already is replaced as a whole: it is moved aside, the new one
   * moved in, the old one deleted. Between the two moves there is none, never a mixture.
   *
   * @param ours names that a directory to be replaced may hold
   * @throws FileAlreadyExistsException if there is something else at the place
   */
  public static void write(Path target, Set<String> ours, Content content) throws IOException {
    Path absolute = target.toAbsolutePath().normalize();
    Path parent = absolute.getParent();
    if (parent == null) {
      throw new IllegalArgumentException("a model can't be saved as the root directory");
    }
    checkReplaceable(absolute, ours);
    Files.createDirectories(parent);
    Path fresh = AtomicFile.temporaryBeside(absolute);
    Path old = AtomicFile.temporaryBeside(absolute);
    try {
      Files.createDirectory(fresh);
      content.writeTo(fresh);
      AtomicFile.syncDirectory(fresh);
      if (Files.exists(absolute)) {
        Files.move(absolute, old, StandardCopyOption.ATOMIC_MOVE);
      }
      Files.move(fresh, absolute, StandardCopyOption.ATOMIC_MOVE);
      AtomicFile.syncDirectory(parent);
    } catch (IOException | RuntimeException e) {
      if (Files.exists(old) && !Files.exists(absolute)) {
        Files.move(old, absolute, StandardCopyOption.ATOMIC_MOVE);
      }
      throw e;
    } finally {
      delete(fresh);
      delete(old);
    }
  }

  private static void checkReplaceable(Path directory, Set<String> ours) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    if (!Files.isDirectory(directory)) {
      throw new FileAlreadyExistsException(
          directory.toString(), null, "is a file; a model is saved as a directory of its own");
    }
    List<String> others;
    try (Stream<Path> entries = Files.list(directory)) {
      others =
          entries
              .map(entry -> entry.getFileName().toString())
              .filter(name -> !ours.contains(name))
              .sorted()
              .toList();
    }
    if (!others.isEmpty()) {
      throw new FileAlreadyExistsException(
          directory.toString(),
          null,
          "holds other files and would be replaced as a whole; choose a directory of its own. Found "
              + others.subList(0, Math.min(5, others.size())));
    }
  }

  private static void delete(Path directory) throws IOException {
    if (Files.exists(directory)) {
      MoreFiles.deleteRecursively(directory, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }
}
