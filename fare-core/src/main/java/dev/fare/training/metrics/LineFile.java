package dev.fare.training.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.function.Predicate;

/** A text file that grows line by line; each line reaches the operating system at once. */
final class LineFile implements AutoCloseable {

  private final Path file;
  private final Writer writer;

  private LineFile(Path file, Writer writer) {
    this.file = file;
    this.writer = writer;
  }

  /**
   * Opens a file to append to.
   *
   * @param keep which of the lines that are there stay: a run that goes on from a checkpoint makes
   *     the steps behind it again
   */
  static LineFile open(Path file, Predicate<String> keep) {
    try {
      Path absolute = file.toAbsolutePath();
      Files.createDirectories(absolute.getParent());
      if (Files.exists(absolute)) {
        retain(absolute, keep);
      }
      // not a channel: a channel closes when the training thread is interrupted
      FileOutputStream out = new FileOutputStream(absolute.toFile(), true);
      return new LineFile(file, new OutputStreamWriter(out, UTF_8));
    } catch (IOException e) {
      throw failure(file, e);
    }
  }

  private static void retain(Path file, Predicate<String> keep) throws IOException {
    List<String> lines = Files.readAllLines(file, UTF_8);
    List<String> kept = lines.stream().filter(keep).toList();
    if (kept.size() < lines.size()) {
      Path fresh = Files.createTempFile(file.getParent(), "." + file.getFileName(), ".tmp");
      Files.write(fresh, kept, UTF_8);
      Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  void append(String line) {
    try {
      writer.write(line + "\n");
      writer.flush();
    } catch (IOException e) {
      throw failure(file, e);
    }
  }

  private static UncheckedIOException failure(Path file, IOException e) {
    return new UncheckedIOException(
        "metrics can't be written to " + file + ": " + e.getMessage(), e);
  }

  @Override
  public void close() {
    try {
      writer.close();
    } catch (IOException e) {
      throw failure(file, e);
    }
  }
}
