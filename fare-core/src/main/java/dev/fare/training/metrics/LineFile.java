package dev.fare.training.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A text file that grows line by line; each line reaches the operating system at once. Nothing here
 * reads or writes by a channel: a channel closes when the training thread is interrupted.
 */
final class LineFile implements AutoCloseable {

  private final Path file;
  private RandomAccessFile content;
  private long lastLine;

  private LineFile(Path file, RandomAccessFile content) throws IOException {
    this.file = file;
    this.content = content;
    lastLine = content.length();
  }

  /**
   * Opens a file to append to.
   *
   * @param change what becomes of the lines that are there: a run that goes on from a checkpoint
   *     makes the steps behind it again
   */
  static LineFile open(Path file, UnaryOperator<List<String>> change) {
    try {
      Path absolute = file.toAbsolutePath();
      Files.createDirectories(absolute.getParent());
      change(absolute, change);
      return new LineFile(file, new RandomAccessFile(absolute.toFile(), "rw"));
    } catch (IOException e) {
      throw failure(file, e);
    }
  }

  private static void change(Path file, UnaryOperator<List<String>> change) throws IOException {
    String before = Files.exists(file) ? text(file) : "";
    StringBuilder after = new StringBuilder();
    change.apply(before.lines().toList()).forEach(line -> after.append(line).append('\n'));
    if (after.toString().equals(before)) {
      return;
    }
    Path fresh = Files.createTempFile(file.getParent(), "." + file.getFileName(), ".tmp");
    try (FileOutputStream out = new FileOutputStream(fresh.toFile())) {
      out.write(after.toString().getBytes(UTF_8));
    }
    Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }

  private static String text(Path file) throws IOException {
    try (FileInputStream in = new FileInputStream(file.toFile())) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  void append(String line) {
    try {
      lastLine = content.length();
      write(line);
    } catch (IOException e) {
      throw failure(file, e);
    }
  }

  /** Writes the line that was appended last anew. */
  void replaceLast(String line) {
    try {
      content.setLength(lastLine);
      write(line);
    } catch (IOException e) {
      throw failure(file, e);
    }
  }

  private void write(String line) throws IOException {
    content.seek(lastLine);
    content.write((line + "\n").getBytes(UTF_8));
  }

  /** Changes the lines so far; their number stays. */
  void rewrite(UnaryOperator<List<String>> change) {
    try {
      Path absolute = file.toAbsolutePath();
      change(absolute, change);
      content.close();
      content = new RandomAccessFile(absolute.toFile(), "rw");
      String text = text(absolute);
      int lastStart = text.lastIndexOf('\n', text.length() - 2) + 1;
      lastLine = text.substring(0, lastStart).getBytes(UTF_8).length;
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
      content.close();
    } catch (IOException e) {
      throw failure(file, e);
    }
  }
}
