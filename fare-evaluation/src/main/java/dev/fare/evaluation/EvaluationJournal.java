package dev.fare.evaluation;

import com.google.common.hash.Hashing;
import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import dev.fare.AttackCost;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an evaluation has found so far, a line of JSON for each batch, so that it can go on after it
 * was stopped. A last line that was cut short by a crash is dropped; everything before it counts.
 */
final class EvaluationJournal implements AutoCloseable {

  private static final Gson GSON = new Gson();

  /**
   * A batch that is finished.
   *
   * @param data fingerprint of the data set
   * @param images indices into the data set
   * @param predictions the class of each of them
   */
  record Entry(
      String data,
      String model,
      String phase,
      List<Integer> images,
      List<Integer> predictions,
      AttackCost cost,
      double seconds) {}

  private record Header(String evaluation) {}

  private final @Nullable FileChannel file;
  private final Map<String, List<Entry>> entries = new HashMap<>();

  private EvaluationJournal(@Nullable FileChannel file) {
    this.file = file;
  }

  /** Keeps nothing. */
  static EvaluationJournal none() {
    return new EvaluationJournal(null);
  }

  /**
   * Opens a journal or begins one.
   *
   * @param evaluation what must be the same for old lines to count
   * @throws IllegalStateException if the file belongs to another evaluation or is in use
   */
  static EvaluationJournal open(Path path, String evaluation) throws IOException {
    Path folder = path.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    FileChannel file =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      lock(file, path);
      EvaluationJournal journal = new EvaluationJournal(file);
      journal.replay(file, path, evaluation);
      return journal;
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private static void lock(FileChannel file, Path path) throws IOException {
    boolean locked;
    try {
      locked = file.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      locked = false;
    }
    if (!locked) {
      throw new IllegalStateException(
          "the journal " + path + " is in use by another evaluation; give each its own file");
    }
  }

  private void replay(FileChannel open, Path path, String evaluation) throws IOException {
    String text = Files.readString(path);
    int complete = text.lastIndexOf('\n') + 1;
    List<String> lines = text.substring(0, complete).lines().toList();
    if (lines.isEmpty()) {
      open.truncate(0);
      append(open, GSON.toJson(new Header(evaluation)));
      return;
    }
    Header header = parse(lines.get(0), Header.class, path, 1);
    if (!evaluation.equals(header.evaluation())) {
      throw new IllegalStateException(
          "the journal %s belongs to another evaluation (%s, this one is %s); delete it or choose another file"
              .formatted(path, header.evaluation(), evaluation));
    }
    for (int i = 1; i < lines.size(); i++) {
      Entry entry = parse(lines.get(i), Entry.class, path, i + 1);
      entries.computeIfAbsent(key(entry), key -> new ArrayList<>()).add(entry);
    }
    open.truncate(text.substring(0, complete).getBytes(StandardCharsets.UTF_8).length);
    open.position(open.size());
  }

  private static <T> T parse(String line, Class<T> type, Path path, int number) {
    try {
      T parsed = GSON.fromJson(line, type);
      if (parsed != null) {
        return parsed;
      }
    } catch (JsonParseException e) {
      throw new IllegalStateException(damaged(path, number), e);
    }
    throw new IllegalStateException(damaged(path, number));
  }

  private static String damaged(Path path, int number) {
    return "line %s of the journal %s can't be read; delete the file to start again"
        .formatted(number, path);
  }

  private static String key(Entry entry) {
    return key(entry.data(), entry.model(), entry.phase());
  }

  private static String key(String data, String model, String phase) {
    return data + '\n' + model + '\n' + phase;
  }

  /** What is known about a phase. */
  List<Entry> known(String data, String model, String phase) {
    return entries.getOrDefault(key(data, model, phase), List.of());
  }

  /** Adds a finished batch; when this returns it is on disk. */
  void add(Entry entry) throws IOException {
    if (file != null) {
      append(file, GSON.toJson(entry));
    }
  }

  private static void append(FileChannel file, String line) throws IOException {
    ByteBuffer bytes = StandardCharsets.UTF_8.encode(line + "\n");
    while (bytes.hasRemaining()) {
      file.write(bytes);
    }
    file.force(false);
  }

  /** A short name for what a data set is. */
  static String fingerprint(String text) {
    return Hashing.sha256().hashString(text, StandardCharsets.UTF_8).toString().substring(0, 16);
  }

  @Override
  public void close() throws IOException {
    if (file != null) {
      file.close();
    }
  }
}
