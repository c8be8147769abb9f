package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

import dev.fare.image.ImageDecoder;
import dev.fare.image.PixelImage;
import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All images of a folder and its sub-folders, sorted by path. Where every image lies in a
 * sub-folder, the first-level sub-folders are the classes, as in ImageNet's layout: names in
 * alphabetical order, in which 10 comes before 2. Immutable; the files are listed once and opened
 * when read.
 *
 * <p>Its {@link #identity} is made of the files' names below the folder and their sizes, which the
 * listing finds out without a further look; the folder itself is in the description only.
 */
public final class ImageFolder extends PictureDataset<ImageFolder> {
  private static final Logger LOG = LoggerFactory.getLogger(ImageFolder.class);
  private static final Set<String> EXTENSIONS =
      Set.of("jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff");

  /** A path relative to the folder: a name that is no text of this platform stays as it is. */
  private record Image(Path path, long size) {

    String name() {
      return path.toString().replace(path.getFileSystem().getSeparator(), "/");
    }

    String firstFolder() {
      return path.getName(0).toString();
    }
  }

  private final Path root;
  private final List<Image> images;
  private final List<String> classNames;
  private final int[] labels;

  private ImageFolder(
      Path root,
      List<Image> images,
      List<String> classNames,
      int[] labels,
      PixelPipeline preparation) {
    super(preparation);
    this.root = root;
    this.images = images;
    this.classNames = classNames;
    this.labels = labels;
  }

  /**
   * Lists a folder's images; hidden files and folders are left out, links are followed.
   *
   * @throws IOException if the folder can't be listed
   * @throws IllegalArgumentException if there is no image in it, or none in one of its classes
   */
  public static ImageFolder of(Path folder) throws IOException {
    List<Image> images = list(folder);
    if (!images.stream().allMatch(image -> image.path.getNameCount() > 1)) {
      return unlabelled(folder, images);
    }
    List<String> classNames = images.stream().map(Image::firstFolder).distinct().sorted().toList();
    List<String> empty = subFolders(folder);
    empty.removeAll(classNames);
    checkArgument(
        empty.isEmpty(),
        "the class folders %s of %s hold no image; fill or remove them, or use ImageFolder.unlabelled",
        empty,
        folder);
    int[] labels =
        images.stream()
            .mapToInt(image -> Collections.binarySearch(classNames, image.firstFolder()))
            .toArray();
    return new ImageFolder(folder, images, classNames, labels, PixelPipeline.PLAIN);
  }

  /**
   * The same images without labels, whatever the sub-folders mean.
   *
   * @throws IOException if the folder can't be listed
   * @throws IllegalArgumentException if there is no image in it
   */
  public static ImageFolder unlabelled(Path folder) throws IOException {
    return unlabelled(folder, list(folder));
  }

  private static ImageFolder unlabelled(Path folder, List<Image> images) {
    return new ImageFolder(folder, images, List.of(), new int[0], PixelPipeline.PLAIN);
  }

  private static List<String> subFolders(Path folder) throws IOException {
    try (Stream<Path> children = Files.list(folder)) {
      return children
          .filter(Files::isDirectory)
          .map(child -> String.valueOf(child.getFileName()))
          .filter(name -> !name.startsWith("."))
          .sorted()
          .collect(Collectors.toCollection(ArrayList::new));
    }
  }

  private static List<Image> list(Path folder) throws IOException {
    List<Image> images = new ArrayList<>();
    try {
      if (!Files.isDirectory(folder)) {
        throw new NotDirectoryException(folder.toString());
      }
      Files.walkFileTree(
          folder,
          EnumSet.of(FileVisitOption.FOLLOW_LINKS),
          Integer.MAX_VALUE,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              Image image = new Image(folder.relativize(file), attributes.size());
              // a link that leads nowhere is an image that can't be read, and counted as one
              boolean isFile = attributes.isRegularFile() || attributes.isSymbolicLink();
              if (isFile && isImage(image.name())) {
                images.add(image);
              }
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure)
                throws IOException {
              if (failure instanceof FileSystemLoopException) {
                LOG.warn("{} is left out: it links to a folder that it lies in", file);
                return FileVisitResult.CONTINUE;
              }
              throw failure;
            }
          });
    } catch (IOException e) {
      throw new IOException("can't list " + folder + ": " + e, e);
    }
    checkArgument(
        !images.isEmpty(), "%s holds no image; looked for files named *.%s", folder, EXTENSIONS);
    images.sort(Comparator.comparing(Image::name));
    return List.copyOf(images);
  }

  private static boolean isImage(String name) {
    String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    return EXTENSIONS.contains(extension) && !name.startsWith(".") && !name.contains("/.");
  }

  @Override
  ImageFolder with(PixelPipeline newPreparation) {
    return new ImageFolder(root, images, classNames, labels, newPreparation);
  }

  @Override
  public int size() {
    return images.size();
  }

  /** The file of an image. */
  public Path path(int index) {
    return root.resolve(images.get(index).path);
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

  @Override
  String content() {
    Fingerprint files = new Fingerprint();
    images.forEach(image -> files.add(image.name()).add(image.size));
    return files.digits();
  }

  /**
   * The folder, the number of images and classes, a fingerprint of the files' names and sizes,
   * preprocessing.
   */
  @Override
  public String description() {
    return "ImageFolder[%s, %d images, %d classes, files %s, %s]"
        .formatted(root, size(), classNames.size(), content(), preparation().description());
  }
}
