package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The images that a file lists, in its order: plain text, CSV or JSON lines. Immutable; the list is
 * read once, the images when they are asked for.
 *
 * <p>Paths are relative to the list's own folder unless {@link #root} says otherwise. Labels are
 * names or numbers: the classes are the different labels, sorted, unless {@link #classNames} says
 * which there are. Either all images have a label or none has.
 */
public final class ImageList extends PictureDataset<ImageList> {

  /** A line of the list. */
  private record Entry(int line, String path, Optional<String> label) {}

  private final Path list;
  private final Path root;
  private final List<Entry> entries;
  private final ClassLabels labels;

  private ImageList(
      Path list, Path root, List<Entry> entries, ClassLabels labels, Preparation preparation) {
    super(preparation);
    this.list = list;
    this.root = root;
    this.entries = entries;
    this.labels = labels;
  }

  /**
   * Reads a list with one path a line and no labels; blank lines are left out.
   *
   * @throws UncheckedIOException if the list can't be read
   * @throws IllegalArgumentException if it names no image
   */
  public static ImageList text(Path list) {
    List<Entry> entries = new ArrayList<>();
    int line = 0;
    for (String path : content(list).lines().toList()) {
      line++;
      if (!path.isBlank()) {
        entries.add(new Entry(line, path.strip(), Optional.empty()));
      }
    }
    return of(list, entries);
  }

  /** Reads comma-separated values with a header that names the columns path and, maybe, label. */
  public static ImageList csv(Path list) {
    return csv(list, ',', "path", "label");
  }

  /**
   * Reads separated values (RFC 4180) with a header.
   *
   * @param pathColumn the column of the paths, say {@code filepath}
   * @param labelColumn the column of the labels; without such a column there are none
   * @throws UncheckedIOException if the list can't be read
   * @throws IllegalArgumentException naming the line, if it is not such a list
   */
  public static ImageList csv(Path list, char separator, String pathColumn, String labelColumn) {
    try {
      List<CsvReader.Row> rows = CsvReader.read(content(list), separator);
      checkArgument(!rows.isEmpty(), "it is empty; the first line must name the columns");
      List<String> header = rows.get(0).fields().stream().map(String::strip).toList();
      int pathIndex = header.indexOf(pathColumn);
      int labelIndex = header.indexOf(labelColumn);
      checkArgument(pathIndex >= 0, "there is no column %s among %s", pathColumn, header);
      List<Entry> entries = new ArrayList<>();
      for (CsvReader.Row row : rows.subList(1, rows.size())) {
        checkArgument(
            row.fields().size() == header.size(),
            "line %s has %s fields, the header %s",
            row.line(),
            row.fields().size(),
            header.size());
        Optional<String> label =
            labelIndex < 0 ? Optional.empty() : Optional.of(row.fields().get(labelIndex));
        entries.add(new Entry(row.line(), row.fields().get(pathIndex), label));
      }
      return of(list, entries);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("can't use the list " + list + ": " + e.getMessage(), e);
    }
  }

  /** Reads JSON lines, objects with the members path and, maybe, label. */
  public static ImageList jsonLines(Path list) {
    return jsonLines(list, "path", "label");
  }

  /**
   * Reads JSON lines, one object a line; blank lines are left out.
   *
   * @param pathMember the member that holds the path, a string
   * @param labelMember the member that holds the label, a string or a whole number
   * @throws UncheckedIOException if the list can't be read
   * @throws IllegalArgumentException naming the line, if it is not such a list
   */
  public static ImageList jsonLines(Path list, String pathMember, String labelMember) {
    List<Entry> entries = new ArrayList<>();
    int line = 0;
    for (String json : content(list).lines().toList()) {
      line++;
      if (json.isBlank()) {
        continue;
      }
      try {
        JsonObject object = JsonParser.parseString(json).getAsJsonObject();
        JsonElement path = object.get(pathMember);
        checkArgument(path != null, "it has no member %s", pathMember);
        entries.add(new Entry(line, path.getAsString(), JsonLabels.in(object, labelMember)));
      } catch (JsonParseException | IllegalStateException | UnsupportedOperationException e) {
        throw unusable(list, line, "it is not such a JSON object: " + json, e);
      } catch (IllegalArgumentException e) {
        throw unusable(list, line, String.valueOf(e.getMessage()), e);
      }
    }
    return of(list, entries);
  }

  private static IllegalArgumentException unusable(
      Path list, int line, String reason, Exception cause) {
    return new IllegalArgumentException(
        "can't use line %d of the list %s: %s".formatted(line, list, reason), cause);
  }

  private static String content(Path list) {
    try {
      return Files.readString(list);
    } catch (IOException e) {
      throw new UncheckedIOException("can't read the list " + list, e);
    }
  }

  private static ImageList of(Path list, List<Entry> entries) {
    checkArgument(!entries.isEmpty(), "%s lists no image", list);
    for (Entry entry : entries) {
      checkArgument(
          !entry.path.isBlank(), "line %s of the list %s has an empty path", entry.line, list);
    }
    ClassLabels labels =
        ClassLabels.of(
            entries.stream().map(Entry::label).toList(),
            index -> "line " + entries.get(index).line + " of the list " + list);
    Path folder = list.toAbsolutePath().getParent();
    return new ImageList(
        list, folder == null ? list : folder, List.copyOf(entries), labels, Preparation.PLAIN);
  }

  /** The same images, their paths relative to another folder. */
  public ImageList root(Path folder) {
    return new ImageList(list, folder, entries, labels, preparation());
  }

  /**
   * The same images with the classes in this order.
   *
   * @param names each label of the list must be one of them, or a number that counts them from 0
   * @throws IllegalArgumentException naming the line of a label that is neither
   */
  public ImageList classNames(List<String> names) {
    return new ImageList(list, root, entries, labels.withNames(names), preparation());
  }

  @Override
  ImageList with(Preparation newPreparation) {
    return new ImageList(list, root, entries, labels, newPreparation);
  }

  @Override
  public int size() {
    return entries.size();
  }

  /** The file of an image. */
  public Path path(int index) {
    return root.resolve(entries.get(index).path);
  }

  @Override
  public String name(int index) {
    return path(index).toString();
  }

  @Override
  PixelImage decode(int index, ImageDecoder decoder) throws IOException {
    return decoder.decode(path(index));
  }

  @Override
  public OptionalInt label(int index) {
    return labels.at(index);
  }

  @Override
  public List<String> classNames() {
    return labels.names();
  }

  @Override
  public String description() {
    Hasher lines = Hashing.sha256().newHasher();
    entries.forEach(
        entry ->
            lines
                .putString(entry.path, StandardCharsets.UTF_8)
                .putChar('\n')
                .putString(entry.label.orElse(""), StandardCharsets.UTF_8)
                .putChar('\n'));
    return "ImageList[%s, %d images, %d classes, entries %s, %s]"
        .formatted(
            list,
            size(),
            classNames().size(),
            lines.hash().toString().substring(0, 16),
            preparation().description());
  }
}
