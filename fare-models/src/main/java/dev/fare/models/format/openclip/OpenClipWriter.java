package dev.fare.models.format.openclip;

import dev.fare.image.ClipPreprocessing;
import ai.djl.ndarray.NDArray;
import com.google.common.collect.Sets;
import com.google.gson.JsonObject;
import dev.fare.io.AtomicDirectory;
import dev.fare.io.AtomicFile;
import dev.fare.io.SafetensorsWriter;
import dev.fare.io.StrictJson;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.TensorMatcher;
import dev.fare.models.format.huggingface.HuggingFaceReader;
import dev.fare.training.ModelCard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Writes a CLIP model as a directory that open_clip loads: {@code open_clip_config.json}, {@code
 * open_clip_model.safetensors} and, where there is one, {@code tokenizer.json}.
 */
public final class OpenClipWriter {

  private static final String WEIGHTS = "open_clip_model.safetensors";
  private static final Set<String> OURS =
      Set.of(OpenClipConfig.FILE, HuggingFaceReader.TOKENIZER, WEIGHTS);

  private OpenClipWriter() {}

  /** Writes a model whose pictures become pixels in CLIP's own way. */
  public static void write(
      ClipConfig config, Map<String, NDArray> tensors, Optional<Path> tokenizer, Path directory)
      throws IOException {
    write(config, tensors, tokenizer, Optional.empty(), directory);
  }

  /**
   * Writes a model; reading it again gives the same bits.
   *
   * <p>The directory appears whole or not at all. One that was written before is replaced, its
   * {@code ModelCard} included.
   *
   * @param config a vision transformer with a text tower of the same activation, or a ConvNeXt with
   *     a text tower
   * @param tensors by canonical name, complete for the configuration
   * @param tokenizer a {@code tokenizer.json} to go with it
   * @param preprocessing how pictures become pixels; empty for CLIP's own way
   * @throws IllegalArgumentException if tensors and configuration don't match or open_clip has no
   *     word for the configuration
   * @throws java.nio.file.FileAlreadyExistsException if the directory holds anything else
   * @throws IOException if writing fails; what was at the place before stays
   */
  public static void write(
      ClipConfig config,
      Map<String, NDArray> tensors,
      Optional<Path> tokenizer,
      Optional<ClipPreprocessing> preprocessing,
      Path directory)
      throws IOException {
    JsonObject json = OpenClipConfigJson.of(config, preprocessing);
    TensorMatcher.check(config, tensors);
    AtomicDirectory.write(
        directory,
        Sets.union(OURS, ModelCard.FILES),
        fresh -> {
          SafetensorsWriter.write(fresh.resolve(WEIGHTS), tensors);
          if (tokenizer.isPresent()) {
            AtomicFile.write(
                fresh.resolve(HuggingFaceReader.TOKENIZER), Files.readAllBytes(tokenizer.get()));
          }
          StrictJson.write(fresh.resolve(OpenClipConfig.FILE), json);
        });
  }
}
