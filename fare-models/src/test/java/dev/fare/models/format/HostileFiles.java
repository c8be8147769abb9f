package dev.fare.models.format;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.io.FileSlice;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.models.ClipCheckpoints;
import dev.fare.models.format.pickle.BoundedInput;
import dev.fare.models.format.pickle.PickledTensor;
import dev.fare.models.format.pickle.RestrictedUnpickler;
import dev.fare.models.format.pickle.TorchTensors;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What every reader must withstand: a broken file is refused as one, in words, and no other way.
 */
final class HostileFiles {

  private static final long MAX_EXPANSION = 512;

  private HostileFiles() {}

  /**
   * Reads a weight file of any kind and all its tensors.
   *
   * @return whether it was refused
   */
  static boolean readWeights(byte[] bytes, Path directory) throws IOException {
    Path file = Files.write(directory.resolve("weights"), bytes);
    Map<String, LazyTensor> tensors;
    try {
      tensors = WeightFile.read(file).tensors();
    } catch (ModelFormatException expected) {
      checkMessage(expected, file);
      return true;
    }
    boolean refused = false;
    for (Map.Entry<String, LazyTensor> entry : tensors.entrySet()) {
      if (entry.getValue().shape().size() > MAX_EXPANSION * bytes.length) {
        throw new AssertionError(entry.getKey() + " is larger than its file can be");
      }
      try (NDManager manager = NDManager.newBaseManager();
          NDArray array = entry.getValue().read(manager)) {
        if (!array.getShape().equals(entry.getValue().shape())) {
          throw new AssertionError(entry.getKey() + " has another shape than it claims");
        }
      } catch (ModelFormatException expected) {
        checkMessage(expected, file);
        refused = true;
      }
    }
    return refused;
  }

  /**
   * Reads a directory whose configuration has the given content.
   *
   * @return whether it was refused
   */
  static boolean readConfiguration(byte[] json, String name, Path weights, Path directory)
      throws IOException {
    Files.write(directory.resolve(name), json);
    Path copy = directory.resolve(weights.getFileName());
    if (!Files.exists(copy)) {
      Files.copy(weights, copy);
    }
    try {
      ClipCheckpoints.read(directory);
      return false;
    } catch (ModelFormatException expected) {
      checkMessage(expected);
      return true;
    }
  }

  /**
   * Reads a pickle alone, without the archive around it.
   *
   * @return whether it was refused
   */
  static boolean readPickle(byte[] bytes, Path directory) throws IOException {
    FileSlice storage = new FileSlice(directory, 0, bytes.length);
    try {
      BoundedInput input = new BoundedInput(new ByteArrayInputStream(bytes), bytes.length);
      RestrictedUnpickler.Pickle pickle = RestrictedUnpickler.load(input, "pickle");
      for (PickledTensor tensor : TorchTensors.find(pickle.root(), "pickle").values()) {
        tensor.over(storage, "tensor", "pickle");
      }
      return false;
    } catch (ModelFormatException expected) {
      checkMessage(expected);
      return true;
    }
  }

  private static void checkMessage(ModelFormatException exception, Path file) {
    checkMessage(exception);
    if (!exception.getMessage().contains(file.toString())) {
      throw new AssertionError("the message does not name the file", exception);
    }
  }

  private static void checkMessage(ModelFormatException exception) {
    String message = exception.getMessage();
    if (message == null || !message.contains(":")) {
      throw new AssertionError("the message says too little: " + message, exception);
    }
  }
}
