package dev.fare.data;

import static com.google.common.base.Preconditions.checkArgument;

import dev.fare.image.PixelImage;
import dev.fare.io.TextFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * CIFAR-10 and CIFAR-100 (Krizhevsky, 2009) in their binary version: records of one or two label
 * bytes and 32 x 32 pixels as planes of red, green and blue.
 */
public final class CifarBinary {

  private static final int PIXELS = 32 * 32;

  private CifarBinary() {}

  /**
   * The 50,000 training images of CIFAR-10.
   *
   * @param folder {@code cifar-10-batches-bin}
   * @throws IOException if a file is absent, cut off, or has a label that isn't a class
   */
  public static InMemoryPictures training10(Path folder) throws IOException {
    List<Path> files = new ArrayList<>();
    for (int batch = 1; batch <= 5; batch++) {
      files.add(folder.resolve("data_batch_" + batch + ".bin"));
    }
    return read("CIFAR-10, training", files, 1, names(folder.resolve("batches.meta.txt")));
  }

  /** The 10,000 test images of CIFAR-10. */
  public static InMemoryPictures test10(Path folder) throws IOException {
    return read(
        "CIFAR-10, test",
        List.of(folder.resolve("test_batch.bin")),
        1,
        names(folder.resolve("batches.meta.txt")));
  }

  /**
   * The 50,000 training images of CIFAR-100 with their 100 fine classes.
   *
   * @param folder {@code cifar-100-binary}
   */
  public static InMemoryPictures training100(Path folder) throws IOException {
    return cifar100("CIFAR-100, training", folder, "train.bin");
  }

  /** The 10,000 test images of CIFAR-100 with their 100 fine classes. */
  public static InMemoryPictures test100(Path folder) throws IOException {
    return cifar100("CIFAR-100, test", folder, "test.bin");
  }

  private static InMemoryPictures cifar100(String origin, Path folder, String file)
      throws IOException {
    return read(
        origin, List.of(folder.resolve(file)), 2, names(folder.resolve("fine_label_names.txt")));
  }

  private static List<String> names(Path file) throws IOException {
    return TextFile.read(file).lines().map(String::strip).filter(s -> !s.isEmpty()).toList();
  }

  /** The class is the last of the label bytes: CIFAR-100's first is the coarse class. */
  private static InMemoryPictures read(
      String origin, List<Path> files, int labelBytes, List<String> names) throws IOException {
    checkArgument(!names.isEmpty(), "the list of class names is empty");
    int record = labelBytes + 3 * PIXELS;
    List<PixelImage> pictures = new ArrayList<>();
    List<Integer> labels = new ArrayList<>();
    for (Path file : files) {
      byte[] bytes = Files.readAllBytes(file);
      if (bytes.length == 0 || bytes.length % record != 0) {
        throw new IOException(
            "%s must be a whole number of records of %d bytes, it has %d bytes"
                .formatted(file, record, bytes.length));
      }
      for (int start = 0; start < bytes.length; start += record) {
        int label = bytes[start + labelBytes - 1] & 0xff;
        if (label >= names.size()) {
          throw new IOException(
              "record %d of %s has the label %d, there are %d classes"
                  .formatted(start / record, file, label, names.size()));
        }
        labels.add(label);
        pictures.add(picture(bytes, start + labelBytes));
      }
    }
    return InMemoryPictures.of(origin, pictures)
        .labels(labels.stream().mapToInt(Integer::intValue).toArray(), names);
  }

  private static PixelImage picture(byte[] planes, int start) {
    byte[] rgb = new byte[3 * PIXELS];
    for (int pixel = 0; pixel < PIXELS; pixel++) {
      for (int channel = 0; channel < 3; channel++) {
        rgb[3 * pixel + channel] = planes[start + channel * PIXELS + pixel];
      }
    }
    return PixelImage.rgb(32, 32, rgb);
  }
}
