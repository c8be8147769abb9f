package dev.fare.models.format;

import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.io.SafetensorsFile;
import dev.fare.models.format.pickle.ScriptObject;
import dev.fare.models.format.pickle.TorchFile;
import dev.fare.models.format.pickle.TorchLegacyReader;
import dev.fare.models.format.pickle.TorchTensors;
import dev.fare.models.format.pickle.TorchZipReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The tensors of one file of any kind.
 *
 * @param tensors by their names in the file
 * @param module the module of a TorchScript archive
 */
public record WeightFile(Map<String, LazyTensor> tensors, Optional<ScriptObject> module) {

  private static final int START_BYTES = 16;

  public WeightFile {
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
  }

  /** The tensors without what data-parallel training, a compiler or a wrapping module prefix. */
  public Map<String, LazyTensor> unwrapped() {
    return TorchTensors.withoutWrappers(tensors, List.of("module.", "_orig_mod.", "model."));
  }

  /**
   * Reads the list of tensors; the kind is found by the first bytes.
   *
   * @throws ModelFormatException if it is no safetensors, no archive of PyTorch, or a broken one
   */
  public static WeightFile read(Path file) throws IOException {
    byte[] start;
    try (InputStream in = Files.newInputStream(file)) {
      start = in.readNBytes(START_BYTES);
    }
    if (start.length > 3 && start[0] == 'P' && start[1] == 'K') {
      TorchFile archive = TorchZipReader.read(file);
      return new WeightFile(archive.tensors(), archive.module());
    }
    if (TorchLegacyReader.accepts(start)) {
      return new WeightFile(TorchLegacyReader.read(file), Optional.empty());
    }
    if (start.length > Long.BYTES && start[Long.BYTES] == '{') {
      return new WeightFile(SafetensorsFile.read(file).tensors(), Optional.empty());
    }
    throw new ModelFormatException(
        file
            + ": the first bytes are neither those of safetensors nor of torch.save; the file is"
            + " damaged, or of another format, or only a pointer to the real one");
  }
}
