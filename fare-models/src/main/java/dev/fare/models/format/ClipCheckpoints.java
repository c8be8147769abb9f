package dev.fare.models.format;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads CLIP models, whatever layout they are in. */
public final class ClipCheckpoints {

  private ClipCheckpoints() {}

  /**
   * Reads the configuration and the list of tensors; the layout is found by content.
   *
   * <p>Values are read when {@link WeightTensor#read} asks for them, so the files must stay.
   *
   * @param path a directory in Hugging Face's layout
   * @throws ModelFormatException if it is no such model, or configuration and tensors don't match
   * @throws IOException if a file can't be read
   */
  public static ClipCheckpoint read(Path path) throws IOException {
    if (!Files.exists(path)) {
      throw new NoSuchFileException(path.toString(), null, "there is no model here");
    }
    if (Files.isDirectory(path) && Files.exists(path.resolve(HuggingFaceConfig.CONFIG))) {
      return HuggingFaceReader.read(path);
    }
    throw new ModelFormatException(
        path + ": no known layout; a directory with config.json and model.safetensors is needed");
  }
}
