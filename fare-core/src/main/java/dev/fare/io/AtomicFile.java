package dev.fare.io;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.UUID;

/**
 * A file that is whole or absent: written beside its place, synced, then renamed into it.
 *
 * <p>An interrupted thread writes as any other and stays interrupted.
 */
public final class AtomicFile {

  private static final int UUID_LENGTH = 36;

  private AtomicFile() {}

  /** What writes the content. */
  @FunctionalInterface
  public interface Content {
    /** Writes all of it; the stream stays open. */
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * Writes a file, and the directories above it where they are absent.
   *
   * @throws IOException if it can't be written; what was there before stays
   */
  public static void write(Path target, Content content) throws IOException {
    Path absolute = target.toAbsolutePath();
    Path directory = absolute.getParent();
    if (directory == null) {
      throw new IllegalArgumentException("a file needs a directory, got " + target);
    }
    Files.createDirectories(directory);
    Path temporary = temporaryBeside(absolute);
    try {
      // not a channel: a channel closes when its thread is interrupted
      try (FileOutputStream out = new FileOutputStream(temporary.toFile())) {
        content.writeTo(out);
        out.getFD().sync();
      }
      publish(temporary, absolute);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /**
   * Gives a file that was written and synced beside its place the name that it is to have.
   *
   * @param target in the same directory; what was there before is replaced
   */
  public static void publish(Path temporary, Path target) throws IOException {
    Files.move(
        temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    Path directory = target.toAbsolutePath().getParent();
    if (directory != null) {
      syncDirectory(directory);
    }
  }

  /** Writes bytes as a whole file. */
  public static void write(Path target, byte[] bytes) throws IOException {
    write(target, out -> out.write(bytes));
  }

  /** A name beside a path that nothing else has; hidden, so that nobody takes it for a result. */
  static Path temporaryBeside(Path path) {
    return path.resolveSibling("." + path.getFileName() + "." + UUID.randomUUID() + ".tmp");
  }

  /** Whether a path has such a name. */
  static boolean isTemporary(Path path) {
    String name = path.getFileName().toString();
    return name.startsWith(".") && name.endsWith(".tmp");
  }

  /** Whether a path has such a name beside a target. */
  static boolean isTemporaryOf(Path target, Path path) {
    String name = path.getFileName().toString();
    String start = "." + target.getFileName() + ".";
    return isTemporary(path)
        && name.startsWith(start)
        && name.length() == start.length() + UUID_LENGTH + ".tmp".length();
  }

  /** Makes renames in a directory outlast a power failure. */
  static void syncDirectory(Path directory) throws IOException {
    if (System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("windows")) {
      return; // Windows can't open a directory, and its renames are journalled.
    }
    Uninterrupted.run( // nothing but a channel syncs a directory
        () -> {
          try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
          }
        });
  }
}
