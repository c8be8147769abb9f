package dev.fare.evaluation.journal;

import com.google.common.hash.Hashing;
import com.google.common.primitives.Bytes;
import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import dev.fare.AttackCost;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What an evaluation has found so far, a line of JSON for each batch, so that it can go on after it
 * was stopped. A last line that was cut short by a crash is dropped; everything before it counts.
 *
 * <p>Each line ends with a digest of itself and of all lines before it, so that a line that was
 * changed, moved or taken out is found. Lines at the start of a journal of an earlier version have
 * none.
 */
public final class EvaluationJournal implements AutoCloseable {

  private static final Gson GSON = new Gson();
  private static final Pattern CHECKED = Pattern.compile("(.*),\"check\":\"([0-9a-f]{16})\"}");

  /**
   * A batch that is finished.
   *
   * @param data fingerprint of the data set
   * @param images indices into the data set
   * @param predictions the class of each of them, −1 for none
   * @param found a SHA-256 of the file of each adversarial image, empty where none was found; null
   *     where images are not kept
   */
  public record Entry(
      String data,
      String model,
      String phase,
      List<Integer> images,
      List<Integer> predictions,
      AttackCost cost,
      double seconds,
      @Nullable List<String> found) {

    /** Gson makes records of what it finds: what is missing is null. */
    @SuppressWarnings("ConstantValue")
    private boolean isWhole() {
      return data != null
          && model != null
          && phase != null
          && cost != null
          && isWhole(images, predictions, 0)
          && isWhole(predictions, images, -1)
          && (found == null || (found.size() == images.size() && !found.contains(null)))
          && Math.min(cost.forwards(), cost.backwards()) >= 0
          && Math.min(cost.nonFiniteGradients(), cost.zeroStartGradients()) >= 0
          && seconds >= 0
          && Double.isFinite(seconds);
    }

    private static boolean isWhole(List<Integer> numbers, List<Integer> others, int least) {
      return numbers != null
          && others != null
          && numbers.size() == others.size()
          && numbers.stream().allMatch(number -> number != null && number >= least);
    }
  }

  private record Header(@Nullable String evaluation) {}

  private final Path path;
  private final @Nullable RandomAccessFile file;
  private final Map<String, List<Entry>> entries = new HashMap<>();
  private String digest = "";

  private EvaluationJournal(Path path, @Nullable RandomAccessFile file) {
    this.path = path;
    this.file = file;
  }

  /** Keeps nothing. */
  public static EvaluationJournal none() {
    return new EvaluationJournal(Path.of(""), null);
  }

  /**
   * Opens a journal or begins one.
   *
   * @param evaluation what must be the same for old lines to count
   * @throws IllegalStateException if the file belongs to another evaluation, is in use or damaged
   */
  public static EvaluationJournal open(Path path, String evaluation) throws IOException {
    Path folder = path.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    // not a channel: a channel closes when its thread is interrupted
    RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
    try {
      lock(file, path);
      EvaluationJournal journal = new EvaluationJournal(path, file);
      journal.replay(file, evaluation);
      return journal;
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private static void lock(RandomAccessFile file, Path path) throws IOException {
    boolean locked;
    try {
      locked = file.getChannel().tryLock() != null;
    } catch (OverlappingFileLockException e) {
      locked = false;
    }
    if (!locked) {
      throw new IllegalStateException(
          "the journal " + path + " is in use by another evaluation; give each its own file");
    }
  }

  private void replay(RandomAccessFile open, String evaluation) throws IOException {
    byte[] bytes = Files.readAllBytes(path);
    int complete = Bytes.lastIndexOf(bytes, (byte) '\n') + 1;
    List<String> lines = text(ByteBuffer.wrap(bytes, 0, complete)).lines().toList();
    if (lines.isEmpty()) {
      open.setLength(0);
      append(GSON.toJson(new Header(evaluation)));
      return;
    }
    boolean isChecked = false;
    for (int i = 0; i < lines.size(); i++) {
      isChecked = check(lines.get(i), i + 1, isChecked);
      if (i == 0) {
        Header header = parse(lines.get(0), Header.class, 1);
        if (!evaluation.equals(header.evaluation())) {
          throw new IllegalStateException(
              "the journal %s belongs to another evaluation (%s, this one is %s); delete it or choose another file"
                  .formatted(path, header.evaluation(), evaluation));
        }
      } else {
        Entry entry = parse(lines.get(i), Entry.class, i + 1);
        if (!entry.isWhole()) {
          throw damagedLine(i + 1);
        }
        entries.computeIfAbsent(key(entry), key -> new ArrayList<>()).add(entry);
      }
    }
    open.setLength(complete);
    open.seek(complete);
  }

  private String text(ByteBuffer bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw new IllegalStateException(damaged("it is no UTF-8").getMessage(), e);
    }
  }

  /**
   * Compares a line with its digest.
   *
   * @param isChecked whether the line before had one
   */
  private boolean check(String line, int number, boolean isChecked) {
    Matcher found = CHECKED.matcher(line);
    if (!found.matches()) {
      if (isChecked) {
        throw damagedLine(number);
      }
      digest = fingerprint(digest + line);
      return false;
    }
    digest = fingerprint(digest + found.group(1) + "}");
    if (!digest.equals(found.group(2))) {
      throw damaged("line " + number + " of it, or one before, was changed");
    }
    return true;
  }

  private <T> T parse(String line, Class<T> type, int number) {
    try {
      T parsed = GSON.fromJson(line, type);
      if (parsed != null) {
        return parsed;
      }
    } catch (JsonParseException | NumberFormatException e) { // Gson lets the latter through
      throw new IllegalStateException(damagedLine(number).getMessage(), e);
    }
    throw damagedLine(number);
  }

  private IllegalStateException damagedLine(int number) {
    return new IllegalStateException(
        "line %s of the journal %s can't be read; delete the file to start again"
            .formatted(number, path));
  }

  /** What to throw where the journal can't be what was written. */
  public IllegalStateException damaged(String what) {
    return new IllegalStateException(
        "the journal %s is damaged: %s; delete the file to start again".formatted(path, what));
  }

  private static String key(Entry entry) {
    return key(entry.data(), entry.model(), entry.phase());
  }

  private static String key(String data, String model, String phase) {
    return data + '\n' + model + '\n' + phase;
  }

  /** What is known about a phase. */
  public List<Entry> known(String data, String model, String phase) {
    return entries.getOrDefault(key(data, model, phase), List.of());
  }

  /** The highest class that any line says of a model, −1 if none says anything. */
  public int highestClass(String data, String model) {
    return entries.values().stream()
        .flatMap(List::stream)
        .filter(entry -> entry.data().equals(data) && entry.model().equals(model))
        .flatMapToInt(entry -> entry.predictions().stream().mapToInt(Integer::intValue))
        .max()
        .orElse(-1);
  }

  /** Adds a finished batch; when this returns it is on disk. */
  public void add(Entry entry) throws IOException {
    entries.computeIfAbsent(key(entry), key -> new ArrayList<>()).add(entry);
    append(GSON.toJson(entry));
  }

  private void append(String json) throws IOException {
    if (file != null) {
      digest = fingerprint(digest + json);
      String body = json.substring(0, json.length() - 1);
      String line = body + ",\"check\":\"" + digest + "\"}\n";
      file.write(line.getBytes(StandardCharsets.UTF_8));
      file.getFD().sync();
    }
  }

  /** A short name for what a text says. */
  public static String fingerprint(String text) {
    return Hashing.sha256().hashString(text, StandardCharsets.UTF_8).toString().substring(0, 16);
  }

  @Override
  public void close() throws IOException {
    if (file != null) {
      file.close();
    }
  }
}
