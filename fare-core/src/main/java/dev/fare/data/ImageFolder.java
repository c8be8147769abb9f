package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * All images of a folder and its sub-folders, sorted by path. Where every image lies in a
 * sub-folder, the first-level sub-folders are the classes, as in ImageNet's layout. Immutable; the
 * files are listed once and opened when read.
 */
public final class ImageFolder extends PictureDataset<ImageFolder> {
  private static final Set<String> EXTENSIONS =
      Set.of("jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff");

  private final Path root;
  private final List<String> files;
  private final List<String> classNames;
  private final int[] labels;

  private ImageFolder(
      Path root,
      List<String> files,
      List<String> classNames,
      int[] labels,
      Preparation preparation) {
    super(preparation);
    this.root = root;
    this.files = files;
    this.classNames = classNames;
    this.labels = labels;
  }

  /**
   * Lists a folder's images; hidden files and folders are left out, links are followed.
   *
   * @throws UncheckedIOException if the folder can't be listed
   * @throws IllegalArgumentException if there is no image in it, or none in one of its classes
   */
  public static ImageFolder of(Path folder) {
    List<String> files = list(folder);
    if (!files.stream().allMatch(file -> file.indexOf('/') > 0)) {
      return unlabelled(folder, files);
    }
    List<String> classNames =
        files.stream().map(ImageFolder::firstFolder).distinct().sorted().toList();
    List<String> empty = subFolders(folder);
    empty.removeAll(classNames);
    checkArgument(
        empty.isEmpty(),
        "the class folders %s of %s hold no image; fill or remove them, or use ImageFolder.unlabelled",
        empty,
        folder);
    int[] labels =
        files.stream()
            .mapToInt(file -> Collections.binarySearch(classNames, firstFolder(file)))
            .toArray();
    return new ImageFolder(folder, files, classNames, labels, Preparation.PLAIN);
  }

  /**
   * The same images without labels, whatever the sub-folders mean.
   *
   * @throws UncheckedIOException if the folder can't be listed
   * @throws IllegalArgumentException if there is no image in it
   */
  public static ImageFolder unlabelled(Path folder) {
    return unlabelled(folder, list(folder));
  }

  private static ImageFolder unlabelled(Path folder, List<String> files) {
    return new ImageFolder(folder, files, List.of(), new int[0], Preparation.PLAIN);
  }

  private static List<String> subFolders(Path folder) {
    try (Stream<Path> children = Files.list(folder)) {
      return children
          .filter(Files::isDirectory)
          .map(child -> String.valueOf(child.getFileName()))
          .filter(name -> !name.startsWith("."))
          .sorted()
          .collect(Collectors.toCollection(ArrayList::new));
    } catch (IOException e) {
      throw new UncheckedIOException("can't list " + folder, e);
    }
  }

  private static List<String> list(Path folder) {
    try {
      if (!Files.isDirectory(folder)) {
        throw new NotDirectoryException(folder.toString());
      }
      try (Stream<Path> paths = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
        List<String> files =
            paths
                .filter(Files::isRegularFile)
                .map(path -> folder.relativize(path).toString().replace('\\', '/'))
                .filter(ImageFolder::isImage)
                .sorted()
                .toList();
        checkArgument(
            !files.isEmpty(), "%s holds no image; looked for files named *.%s", folder, EXTENSIONS);
        return files;
      }
    } catch (IOException e) {
      throw new UncheckedIOException("can't list " + folder, e);
    }
  }

  private static boolean isImage(String file) {
    String extension = file.substring(file.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    return EXTENSIONS.contains(extension) && !file.startsWith(".") && !file.contains("/.");
  }

  private static String firstFolder(String file) {
    return file.substring(0, file.indexOf('/'));
  }

  @Override
  ImageFolder with(Preparation newPreparation) {
    return new ImageFolder(root, files, classNames, labels, newPreparation);
  }

  @Override
  public int size() {
    return files.size();
  }

  /** The file of an image. */
  public Path path(int index) {
    return root.resolve(files.get(index));
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
    return Labels.at(labels, index, size());
  }

  @Override
  public List<String> classNames() {
    return classNames;
  }

  /**
   * The folder, the number of images and classes, a fingerprint of the file names, preprocessing.
   */
  @Override
  public String description() {
    Hasher names = Hashing.sha256().newHasher();
    files.forEach(file -> names.putString(file, StandardCharsets.UTF_8).putChar('\n'));
    return "ImageFolder[%s, %d images, %d classes, names %s, %s]"
        .formatted(
            root,
            size(),
            classNames.size(),
            names.hash().toString().substring(0, 16),
            preparation().description());
  }
}
