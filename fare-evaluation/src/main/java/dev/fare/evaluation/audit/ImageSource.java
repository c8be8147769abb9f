package dev.fare.evaluation.audit;

import dev.fare.data.CaptionedImages;
import dev.fare.data.CifarBinary;
import dev.fare.data.ImageDataset;
import dev.fare.data.ImageFolder;
import dev.fare.data.ImageList;
import dev.fare.data.WebDataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Images by what a path is: a folder, a list, archives, or a file of CIFAR.
 *
 * @param data the images
 * @param root what their names begin with where they are files
 */
public record ImageSource(ImageDataset data, Path root) {

  /** What {@link #open} understands, for people. */
  public static final String KINDS =
      "a folder; a list (.csv with the columns path and label, .jsonl, or .txt with a path a line);"
          + " WebDataset archives (shards/{000..012}.tar); or a file of CIFAR's binary version"
          + " (test_batch.bin)";

  /**
   * Opens images.
   *
   * @param path as {@link #KINDS} says
   * @throws IOException if there is nothing, or it can't be read
   * @throws IllegalArgumentException if it is something else, or no image is in it
   */
  public static ImageSource open(String path) throws IOException {
    String name = path.toLowerCase(Locale.ROOT);
    if (name.endsWith(".tar")) {
      return new ImageSource(WebDataset.of(path), Path.of(""));
    }
    Path file = Path.of(path);
    if (!Files.exists(file)) {
      throw new NoSuchFileException(path, null, "images are " + KINDS);
    }
    Path folder = Files.isDirectory(file) ? file : folderOf(file);
    return new ImageSource(Files.isDirectory(file) ? ImageFolder.of(file) : list(file), folder);
  }

  private static ImageDataset list(Path file) throws IOException {
    return switch (ending(file)) {
      case "csv" -> ImageList.csv(file);
      case "tsv" -> ImageList.csv(file, '\t', "path", "label");
      case "jsonl" -> ImageList.jsonLines(file);
      case "txt" -> ImageList.text(file);
      case "bin" -> cifar(file);
      default -> throw new IllegalArgumentException(file + " must be " + KINDS);
    };
  }

  private static ImageDataset cifar(Path file) throws IOException {
    Path folder = folderOf(file);
    String name = file.getFileName().toString();
    boolean hasFineLabels = Files.exists(folder.resolve("fine_label_names.txt"));
    return switch (name) {
      case "test.bin" -> CifarBinary.test100(folder);
      case "train.bin" -> CifarBinary.training100(folder);
      case "test_batch.bin" -> CifarBinary.test10(folder);
      default -> {
        if (!hasFineLabels && name.matches("data_batch_[1-5]\\.bin")) {
          yield CifarBinary.training10(folder); // any of the five stands for all
        }
        throw new IllegalArgumentException(
            file
                + " must be test_batch.bin or data_batch_1.bin of CIFAR-10, or test.bin or"
                + " train.bin of CIFAR-100");
      }
    };
  }

  /**
   * Opens images with captions: .csv, .tsv or .jsonl with path and caption, COCO's .json, or
   * WebDataset archives with .txt files.
   *
   * @param folder where the paths of a list begin; its own folder by default
   * @throws IOException if there is nothing, or it can't be read
   * @throws IllegalArgumentException if it is no such list
   */
  public static CaptionedImages captioned(
      String path, Path folder, String pathColumn, String captionColumn) throws IOException {
    if (path.toLowerCase(Locale.ROOT).endsWith(".tar")) {
      return CaptionedImages.of(WebDataset.of(path));
    }
    Path file = Path.of(path);
    if (!Files.isRegularFile(file)) {
      throw new NoSuchFileException(path);
    }
    return switch (ending(file)) {
      case "csv" -> CaptionedImages.csv(file, ',', pathColumn, captionColumn, folder);
      case "tsv" -> CaptionedImages.csv(file, '\t', pathColumn, captionColumn, folder);
      case "jsonl" -> CaptionedImages.jsonLines(file, pathColumn, captionColumn, folder);
      case "json" -> CaptionedImages.coco(file, folder);
      default ->
          throw new IllegalArgumentException(
              file
                  + " must be a .csv, .tsv or .jsonl list with captions, a .json as COCO has it, or"
                  + " .tar archives");
    };
  }

  private static String ending(Path file) {
    String name = file.getFileName().toString();
    return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
  }

  /** The folder that a file is in, which paths in a list are relative to. */
  public static Path folderOf(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    return folder == null ? file : folder;
  }

  /** A file's name below a folder, with slashes on every system. */
  static String nameBelow(Path folder, Path file) {
    String separator = file.getFileSystem().getSeparator();
    return folder.relativize(file).toString().replace(separator, "/");
  }

  /** What an image is called, its path below the root where it has one. */
  public String name(int image) {
    String name = data.name(image);
    try {
      Path path = Path.of(name);
      return path.startsWith(root) ? nameBelow(root, path) : name;
    } catch (InvalidPathException e) {
      return name;
    }
  }
}
