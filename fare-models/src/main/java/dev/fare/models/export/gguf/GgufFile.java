package dev.fare.models.export.gguf;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.models.format.WeightDifference;
import dev.fare.torch.GradMode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A GGUF file of version 2 or 3 whose header has been read and checked; nothing stays open.
 *
 * @param path where it is
 * @param version of the format
 * @param metadata by key, in the file's order: numbers, Boolean, String, or a list of these; lists
 *     of more than 4096 elements are empty here
 * @param metadataEnd position of the first byte behind the metadata
 * @param alignment of tensors, in bytes
 * @param tensors by name, in the file's order
 */
public record GgufFile(
    Path path,
    int version,
    Map<String, Object> metadata,
    long metadataEnd,
    int alignment,
    Map<String, GgufTensor> tensors) {

  /** Copies the maps in their order. */
  public GgufFile {
    metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
  }

  /**
   * Reads and checks a header.
   *
   * @throws ModelFormatException if it breaks a rule of the format: something that the file can't
   *     hold, a key or name twice, an unknown type, a tensor that is not where the one before it
   *     ends, bytes that belong to none
   * @throws IOException if the file can't be read
   */
  public static GgufFile read(Path path) throws IOException {
    long length = Files.size(path);
    try (InputStream file = Files.newInputStream(path)) {
      GgufInput in = new GgufInput(file, length, path.toString());
      GgufHeader.Content content = new GgufHeader(in, path.toString()).parse(length);
      return new GgufFile(
          path,
          content.version(),
          content.metadata(),
          content.metadataEnd(),
          content.alignment(),
          content.tensors());
    }
  }

  /**
   * Writes a new file of version 3 and reads its header.
   *
   * @param tensors by name, in their order
   * @throws IOException if tensors can't be read or writing fails; what was at the place before
   *     stays
   */
  public static GgufFile write(GgufMetadata metadata, Map<String, GgufData> tensors, Path target)
      throws IOException {
    GgufWriter.write(metadata, tensors, target);
    return read(target);
  }

  /**
   * The length of the difference of all tensors from others, relative to their length.
   *
   * @param tensors by name; each must be here, in its shape
   * @throws ModelFormatException if one is not, or is quantised
   */
  public double differenceFrom(Map<String, LazyTensor> tensors) throws IOException {
    WeightDifference difference = new WeightDifference();
    for (Map.Entry<String, LazyTensor> expected : tensors.entrySet()) {
      LazyTensor stored = tensor(expected.getKey());
      if (!stored.shape().equals(expected.getValue().shape())) {
        throw new ModelFormatException(
            path
                + ": tensor '"
                + expected.getKey()
                + "' has the shape "
                + stored.shape()
                + ", not "
                + expected.getValue().shape());
      }
      try (NDManager step = NDManager.newBaseManager(Device.cpu(), "PyTorch");
          GradMode off = GradMode.noGrad()) {
        difference.add(stored.read(step), expected.getValue().read(step));
      }
    }
    return difference.relative();
  }

  /**
   * A tensor whose values can be read.
   *
   * @throws ModelFormatException if there is none of the name, or it is quantised
   */
  public LazyTensor tensor(String name) throws ModelFormatException {
    GgufTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new ModelFormatException(path + " has no tensor '" + name + "'");
    }
    return LazyTensor.inFile(
        path,
        name,
        tensor.position(),
        tensor
            .type()
            .elements()
            .orElseThrow(
                () ->
                    new ModelFormatException(
                        path
                            + ": tensor '"
                            + name
                            + "' is quantised as "
                            + tensor.type()
                            + " and can't be read; take the file in f16 or f32")),
        tensor.shape());
  }
}
