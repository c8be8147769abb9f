package dev.fare.models.format.openclip;

import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.TensorMatcher;
import dev.fare.models.format.WeightDirectory;
import dev.fare.models.format.huggingface.HuggingFaceReader;
import dev.fare.models.text.TextCleaning;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Reads directories in open_clip's layout. */
public final class OpenClipReader {

  public static final String[] WEIGHTS = {
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "model.safetensors"
  };

  /** What the text tower's names start with where open_clip built it as a module of its own. */
  private static final String CUSTOM_TEXT = "text.";

  private OpenClipReader() {}

  /** Whether a directory has this layout. */
  public static boolean accepts(Path directory) {
    return Files.exists(directory.resolve(OpenClipConfig.FILE))
        && WeightDirectory.exist(directory, WEIGHTS);
  }

  public static ClipCheckpoint read(Path directory) throws IOException {
    WeightDirectory files =
        WeightDirectory.find(directory, WEIGHTS)
            .orElseThrow(() -> new ModelFormatException(directory + ": the weights are missing"));
    return read(directory, files);
  }

  /** Reads a directory with weights of whichever name. */
  public static ClipCheckpoint read(Path directory, WeightDirectory files) throws IOException {
    Path configFile = directory.resolve(OpenClipConfig.FILE);
    Map<String, LazyTensor> stored = withoutCustomText(files.tensors());
    ClipConfig config = OpenClipConfig.read(configFile, stored);
    Path tokenizer = directory.resolve(HuggingFaceReader.TOKENIZER);
    return new ClipCheckpoint(
        config,
        TensorMatcher.match(
            config.tensors(), Map.of(), stored, files.origin(), configFile.toString()),
        Files.exists(tokenizer) ? Optional.of(tokenizer) : Optional.empty(),
        TextCleaning.OPENAI,
        directory.toString(),
        OpenClipConfig.pictures(configFile, config));
  }

  /** The tensors by the names that a text tower has which is no module of its own. */
  public static Map<String, LazyTensor> withoutCustomText(Map<String, LazyTensor> stored) {
    if (!stored.containsKey(CUSTOM_TEXT + "token_embedding.weight")
        || stored.containsKey("token_embedding.weight")) {
      return stored;
    }
    Map<String, LazyTensor> renamed = new LinkedHashMap<>();
    stored.forEach(
        (name, tensor) ->
            renamed.put(
                name.startsWith(CUSTOM_TEXT) ? name.substring(CUSTOM_TEXT.length()) : name,
                tensor));
    return renamed;
  }
}
