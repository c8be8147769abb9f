package dev.fare.training.checkpoint;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.common.hash.Hashing;
import com.google.common.hash.HashingOutputStream;
import dev.fare.io.AtomicFile;
import dev.fare.io.LazyTensor;
import dev.fare.io.SafetensorsFile;
import dev.fare.io.SafetensorsWriter;
import dev.fare.training.weights.WeightScript;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The float32 tensors of a checkpoint in a safetensors file, in the trainer's order.
 *
 * <p>What is read back goes into arrays that exist already, and the file must hold just those.
 */
final class CheckpointTensors {

  private CheckpointTensors() {}

  /** What a manifest says about a file. */
  record Digest(long bytes, String sha256) {

    /** Gson asks no constructor, and leaves out what is missing. */
    @SuppressWarnings("ConstantValue")
    boolean isWhole() {
      return sha256 != null;
    }
  }

  /** Writes the arrays in their order and syncs the file. */
  static Digest write(Path file, Map<String, NDArray> tensors) throws IOException {
    tensors.forEach(
        (name, tensor) ->
            checkArgument(
                tensor.getDataType() == DataType.FLOAT32,
                "weights must be float32, got %s in %s",
                tensor.getDataType(),
                name));
    return writeSynced(
        file, out -> SafetensorsWriter.writeTo(out, tensors, DataType.FLOAT32, Map.of()));
  }

  /** Writes a new file, syncs it, and says what is in it. */
  static Digest writeSynced(Path path, AtomicFile.Content content) throws IOException {
    try (FileOutputStream file = new FileOutputStream(path.toFile())) {
      HashingOutputStream out = new HashingOutputStream(Hashing.sha256(), file);
      content.writeTo(out);
      file.getFD().sync();
      return new Digest(Files.size(path), out.hash().toString());
    }
  }

  /** Whether the file holds tensors of just these names and shapes, in this order. */
  static boolean matches(Path file, Map<String, NDArray> tensors) throws IOException {
    Map<String, LazyTensor> stored = SafetensorsFile.read(file).tensors();
    return shapes(stored, LazyTensor::shape).equals(shapes(tensors, NDArray::getShape));
  }

  /**
   * Checks that the file {@link #matches}.
   *
   * @throws IOException if it holds other tensors than these
   */
  static void check(Path file, Map<String, NDArray> tensors) throws IOException {
    if (!matches(file, tensors)) {
      throw new IOException(
          file
              + " holds other tensors than this trainer's "
              + tensors.size()
              + ": names, order or shapes differ");
    }
  }

  /**
   * Reads values into the arrays, in place.
   *
   * @throws IOException if the file holds other tensors than these
   */
  static void readInto(Path file, Map<String, NDArray> tensors) throws IOException {
    check(file, tensors);
    Map<String, LazyTensor> stored = SafetensorsFile.read(file).tensors();
    for (Map.Entry<String, LazyTensor> entry : stored.entrySet()) {
      NDArray target = requireNonNull(tensors.get(entry.getKey()));
      try (NDManager manager = target.getManager().newSubManager()) {
        WeightScript.copy(List.of(entry.getValue().read(manager)), List.of(target));
      }
    }
  }

  private static <T> List<Map.Entry<String, Shape>> shapes(
      Map<String, T> tensors, Function<T, Shape> shape) {
    return tensors.entrySet().stream()
        .map(entry -> Map.entry(entry.getKey(), shape.apply(entry.getValue())))
        .toList();
  }
}
