package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.gson.JsonElement;
import dev.fare.image.ImageDecoder;
import dev.fare.image.PixelImage;
import dev.fare.image.UnreadableImageException;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The images that a file lists, in its order: plain text, CSV or JSON lines. Immutable; the list is
 * read once, the images when they are asked for.
 *
 * <p>Lists are UTF-8, with or without a byte order mark, with line feeds or carriage returns before
 * them. Paths are relative to the list's own folder unless {@link #root} says otherwise.
 *
 * <p>Labels are names or numbers, and either all images have one or none has. Unless {@link
 * #classNames} says which classes there are, labels that are all whole numbers below 100,000 keep
 * their value, and the classes are those from 0 to the largest; other labels are names, sorted.
 */
public final class ImageList extends PictureDataset<ImageList> {

  /** A line of the list. */
  private record Entry(int line, String path, Optional<String> label) {}

  private final Path list;
  private final Path root;
  private final List<Entry> entries;
  private final ClassLabels labels;

  private ImageList(
      Path list, Path root, List<Entry> entries, ClassLabels labels, PixelPipeline preparation) {
    super(preparation);
    this.list = list;
    this.root = root;
    this.entries = entries;
    this.labels = labels;
  }

  /**
   * Reads a list with one path a line and no labels; blank lines are left out.
   *
   * @throws IOException if the list can't be read
   * @throws IllegalArgumentException if it names no image
   */
  public static ImageList text(Path list) throws IOException {
    List<Entry> entries = new ArrayList<>();
    int line = 0;
    for (String path : ListFile.content(list).lines().toList()) {
      line++;
      if (!path.isBlank()) {
        entries.add(new Entry(line, path.strip(), Optional.empty()));
      }
    }
    return of(list, entries);
  }

  /** Reads comma-separated values with a header that names the columns path and, maybe, label. */
  public static ImageList csv(Path list) throws IOException {
    return csv(list, ',', "path", "label");
  }

  /**
   * Reads separated values (RFC 4180) with a header.
   *
   * @param pathColumn the column of the paths, say {@code filepath}
   * @param labelColumn the column of the labels; without such a column there are none
   * @throws IOException if the list can't be read
   * @throws IllegalArgumentException naming the line, if it is not such a list
   */
  public static ImageList csv(Path list, char separator, String pathColumn, String labelColumn)
      throws IOException {
    return of(
        list,
        ListFile.rows(
            list,
            separator,
            List.of(pathColumn),
            (line, row) ->
                new Entry(line, row.field(pathColumn).orElseThrow(), row.field(labelColumn))));
  }

  /** Reads JSON lines, objects with the members path and, maybe, label. */
  public static ImageList jsonLines(Path list) throws IOException {
    return jsonLines(list, "path", "label");
  }

  /**
   * Reads JSON lines, one object a line; blank lines are left out.
   *
   * @param pathMember the member that holds the path, a string
   * @param labelMember the member that holds the label, a string or a whole number
   * @throws IOException if the list can't be read
   * @throws IllegalArgumentException naming the line, if it is not such a list
   */
  public static ImageList jsonLines(Path list, String pathMember, String labelMember)
      throws IOException {
    return of(
        list,
        ListFile.objects(
            list,
            (line, object) -> {
              JsonElement path = object.get(pathMember);
              checkArgument(path != null, "it has no member %s", pathMember);
              return new Entry(line, path.getAsString(), JsonLabels.in(object, labelMember));
            }));
  }

  /** The images of these paths, in their order, which a list of another kind names. */
  static ImageList ofPaths(Path list, Collection<String> paths) {
    return of(list, paths.stream().map(path -> new Entry(0, path, Optional.empty())).toList());
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
    return new ImageList(
        list, ListFile.folderOf(list), List.copyOf(entries), labels, PixelPipeline.PLAIN);
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
  ImageList with(PixelPipeline newPreparation) {
    return new ImageList(list, root, entries, labels, newPreparation);
  }

  @Override
  public int size() {
    return entries.size();
  }

  /**
   * The file of an image.
   *
   * @throws java.nio.file.InvalidPathException if what the list says can't be a path here
   */
  public Path path(int index) {
    return root.resolve(entries.get(index).path);
  }

  @Override
  public String name(int index) {
    try {
      return path(index).toString();
    } catch (InvalidPathException e) {
      return entries.get(index).path;
    }
  }

  @Override
  PixelImage decode(int index, ImageDecoder decoder) throws IOException {
    Path file;
    try {
      file = path(index);
    } catch (InvalidPathException e) {
      throw new UnreadableImageException(name(index), String.valueOf(e.getMessage()), e);
    }
    return decoder.decode(file);
  }

  @Override
  public OptionalInt label(int index) {
    return labels.at(index);
  }

  @Override
  public List<String> classNames() {
    return labels.names();
  }

  /** The paths as they are written: a list costs no look at its files. */
  @Override
  String content() {
    Fingerprint paths = new Fingerprint();
    entries.forEach(entry -> paths.add(entry.path));
    return paths.digits();
  }

  @Override
  public String description() {
    return "ImageList[%s, %d images, %d classes, paths %s, %s]"
        .formatted(list, size(), classNames().size(), content(), preparation().description());
  }
}
