package dev.fare.io;

import static java.util.Objects.requireNonNull;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** A directory that is whole or absent: filled beside its place, then renamed into it. */
public final class AtomicDirectory {

  private AtomicDirectory() {}

  /** What fills the directory, with files that are synced. */
  @FunctionalInterface
  public interface Content {
    /** Puts all files into the directory, which is empty. */
    void writeTo(Path directory) throws IOException;
  }

  /**
   * Writes a directory whose place may be taken by an earlier one of the same kind only, and the
   * directories above it where they are absent. What killed writers of the same directory have left
   * beside it goes.
   *
   * @param ours names that a directory to be replaced may hold
   * @throws FileAlreadyExistsException if there is something else at the place
   */
  public static void write(Path target, Set<String> ours, Content content) throws IOException {
    Path absolute = target.toAbsolutePath().normalize();
    checkReplaceable(absolute, ours);
    if (absolute.getParent() != null) {
      Files.createDirectories(absolute.getParent());
    }
    replace(absolute, content);
    deleteLeftoversOf(absolute);
  }

  /**
   * Writes a directory beside which others lie; their parent must exist.
   *
   * <p>A directory that is there already is replaced as a whole: it is moved aside, the new one
   * moved in, the old one deleted. Between the two moves there is none, never a mixture.
   *
   * @throws IOException if writing fails; what was there before stays
   */
  public static void replace(Path target, Content content) throws IOException {
    Path parent = target.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IllegalArgumentException("the root directory can't be replaced");
    }
    Path fresh = AtomicFile.temporaryBeside(target);
    Path old = AtomicFile.temporaryBeside(target);
    try {
      Files.createDirectory(fresh);
      content.writeTo(fresh);
      AtomicFile.syncDirectory(fresh);
      if (Files.exists(target)) {
        Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
      }
      Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
      AtomicFile.syncDirectory(parent);
    } catch (IOException | RuntimeException e) {
      if (Files.exists(old) && !Files.exists(target)) {
        Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
      }
      throw e;
    } finally {
      deleteTree(fresh);
      deleteTree(old);
    }
  }

  /** Removes a directory: renamed before it is deleted, so that no half of it is ever found. */
  public static void remove(Path directory) throws IOException {
    if (Files.exists(directory)) {
      Path aside = AtomicFile.temporaryBeside(directory);
      Files.move(directory, aside, StandardCopyOption.ATOMIC_MOVE);
      deleteTree(aside);
    }
  }

  /** Deletes what writers that were killed have left half-written in a directory. */
  public static void deleteLeftovers(Path directory) throws IOException {
    deleteAll(directory, AtomicFile::isTemporary);
  }

  private static void deleteLeftoversOf(Path target) throws IOException {
    deleteAll(requireNonNull(target.getParent()), entry -> AtomicFile.isTemporaryOf(target, entry));
  }

  private static void deleteAll(Path directory, Predicate<Path> isLeftover) throws IOException {
    List<Path> leftovers;
    try (Stream<Path> entries = Files.list(directory)) {
      leftovers = entries.filter(isLeftover).toList();
    }
    for (Path leftover : leftovers) {
      deleteTree(leftover);
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

  private static void deleteTree(Path directory) throws IOException {
    if (Files.exists(directory)) {
      MoreFiles.deleteRecursively(directory, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }
}
