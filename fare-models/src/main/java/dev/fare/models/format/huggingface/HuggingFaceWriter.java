package dev.fare.models.format.huggingface;

import static java.util.Objects.requireNonNull;

import dev.fare.image.ClipPreprocessing;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.google.common.collect.Sets;
import dev.fare.io.AtomicDirectory;
import dev.fare.io.AtomicFile;
import dev.fare.io.SafetensorsWriter;
import dev.fare.io.StrictJson;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.TensorMatcher;
import dev.fare.models.format.WeightMapping;
import dev.fare.models.vision.VisionConfig;
import dev.fare.training.ModelCard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Writes a CLIP model as a directory that Hugging Face's libraries load: {@code config.json},
 * {@code preprocessor_config.json}, {@code model.safetensors} and, where there is one, {@code
 * tokenizer.json}.
 */
public final class HuggingFaceWriter {

  private static final String WEIGHTS = "model.safetensors";
  private static final Set<String> OURS =
      Set.of(
          HuggingFaceConfig.CONFIG,
          HuggingFaceConfig.PREPROCESSOR,
          HuggingFaceReader.TOKENIZER,
          WEIGHTS);

  private HuggingFaceWriter() {}

  /**
   * Writes a model; reading it again gives the same bits.
   *
   * <p>The directory appears whole or not at all. One that was written before is replaced, its
   * {@code ModelCard} included.
   *
   * @param config the architecture: a vision transformer, and a text tower or none
   * @param tensors by canonical name, complete for the configuration
   * @param tokenizer a {@code tokenizer.json} to go with it
   * @throws IllegalArgumentException if tensors and configuration don't match
   * @throws java.nio.file.FileAlreadyExistsException if the directory holds anything else
   * @throws IOException if writing fails; what was at the place before stays
   */
  public static void write(
      ClipConfig config, Map<String, NDArray> tensors, Optional<Path> tokenizer, Path directory)
      throws IOException {
    write(config, tensors, tokenizer, Optional.empty(), directory, DataType.FLOAT32);
  }

  /**
   * The same with the weights stored as FLOAT32 or, at half the size and rounded, FLOAT16.
   *
   * @param preprocessing how pictures become pixels; empty for CLIP's own way
   * @param type FLOAT32 or FLOAT16
   */
  public static void write(
      ClipConfig config,
      Map<String, NDArray> tensors,
      Optional<Path> tokenizer,
      Optional<ClipPreprocessing> preprocessing,
      Path directory,
      DataType type)
      throws IOException {
    Map<String, WeightMapping> recipes = HuggingFaceNames.of(config);
    config
        .text()
        .filter(text -> text.endToken().orElse(-1) == HuggingFaceConfig.LEGACY_END_TOKEN)
        .ifPresent(
            text -> {
              throw new IllegalArgumentException(
                  "an end token of 2 means 'the largest id' in this layout and can't be written");
            });
    TensorMatcher.check(config, tensors);
    AtomicDirectory.write(
        directory,
        Sets.union(OURS, ModelCard.FILES),
        fresh -> {
          writeWeights(fresh.resolve(WEIGHTS), recipes, tensors, type);
          StrictJson.write(
              fresh.resolve(HuggingFaceConfig.PREPROCESSOR),
              HuggingFaceConfig.preprocessorJson(config, preprocessing));
          if (tokenizer.isPresent()) {
            AtomicFile.write(
                fresh.resolve(HuggingFaceReader.TOKENIZER), Files.readAllBytes(tokenizer.get()));
          }
          StrictJson.write(
              fresh.resolve(HuggingFaceConfig.CONFIG), HuggingFaceConfig.toJson(config, type));
        });
  }

  /**
   * A vision tower's tensors under Hugging Face's names.
   *
   * @param tensors by canonical name
   * @param scope owns the parts of tensors that are stored in several
   */
  public static Map<String, NDArray> visionTensors(
      VisionConfig vision, Map<String, NDArray> tensors, NDManager scope) {
    return parts(HuggingFaceNames.vision(vision), tensors, scope);
  }

  private static void writeWeights(
      Path file, Map<String, WeightMapping> recipes, Map<String, NDArray> tensors, DataType type)
      throws IOException {
    NDManager owner = tensors.values().iterator().next().getManager();
    try (NDManager scope = owner.newSubManager()) {
      SafetensorsWriter.write(
          file, parts(recipes, tensors, scope), type, SafetensorsWriter.PYTORCH);
    }
  }

  private static Map<String, NDArray> parts(
      Map<String, WeightMapping> recipes, Map<String, NDArray> tensors, NDManager scope) {
    Map<String, NDArray> parts = new LinkedHashMap<>();
    for (Map.Entry<String, WeightMapping> entry : recipes.entrySet()) {
      NDArray tensor = requireNonNull(tensors.get(entry.getKey()));
      NDList split = entry.getValue().split(tensor);
      for (int i = 0; i < split.size(); i++) {
        if (split.get(i) != tensor) {
          split.get(i).attach(scope);
        }
        parts.put(entry.getValue().parts().get(i), split.get(i));
      }
    }
    return parts;
  }
}
