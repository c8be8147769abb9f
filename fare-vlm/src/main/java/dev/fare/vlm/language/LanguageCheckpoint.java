package dev.fare.vlm.language;

import static java.util.Objects.requireNonNull;

import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.io.StrictJson;
import dev.fare.models.format.ConfigSection;
import dev.fare.models.format.TensorMatcher;
import dev.fare.models.format.WeightDirectory;
import dev.fare.models.format.huggingface.HuggingFaceConfig;
import dev.fare.models.format.huggingface.HuggingFaceReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A language model as it lies on disk.
 *
 * @param config the architecture; every tensor has been checked against it
 * @param tensors by the names of {@link LlamaConfig#tensors}, complete
 * @param tokenizer the {@code tokenizer.json} that came with it
 * @param endings the tokens that end a text
 * @param source where it was read, for messages
 */
public record LanguageCheckpoint(
    LlamaConfig config,
    Map<String, LazyTensor> tensors,
    Optional<Path> tokenizer,
    EndTokens endings,
    String source) {

  private static final String TOKENIZER = "tokenizer.json";

  /** Copies the map in its order. */
  public LanguageCheckpoint {
    requireNonNull(config, "config");
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
  }

  /**
   * Reads a Hugging Face directory of {@code LlamaForCausalLM}: {@code config.json} with
   * safetensors or {@code pytorch_model.bin}, sharded or not.
   *
   * @throws ModelFormatException if configuration and tensors do not belong together or ask for
   *     what is not supported
   * @throws IOException if it can't be read
   */
  public static LanguageCheckpoint read(Path directory) throws IOException {
    Path configFile = directory.resolve(HuggingFaceConfig.CONFIG);
    ConfigSection config = new ConfigSection(StrictJson.read(configFile), configFile.toString());
    String type = config.string("model_type").orElse("none");
    if (!type.equals(LlamaSection.MODEL_TYPE)) {
      throw config.wrong("model_type", LlamaSection.MODEL_TYPE, type);
    }
    WeightDirectory files = WeightDirectory.need(directory, HuggingFaceReader.WEIGHTS);
    LlamaSection llama = new LlamaSection(config, Optional.empty());
    Map<String, LazyTensor> stored = LlavaNames.unify(files.tensors());
    Map<String, LazyTensor> tensors = LlavaNames.takeOut(stored, LlavaNames.LANGUAGE);
    tensors.putAll(stored); // whatever else is there is left over, and an error
    return of(llama, tensors, directory, files.origin());
  }

  public static LanguageCheckpoint of(
      LlamaSection section, Map<String, LazyTensor> stored, Path directory, String weights)
      throws IOException {
    LlamaConfig config = section.toConfig();
    Map<String, LazyTensor> kept = new LinkedHashMap<>(stored);
    if (config.isTied()) {
      kept.remove("lm_head.weight"); // a copy of embed_tokens, where it was saved at all
    }
    Map<String, LazyTensor> tensors =
        TensorMatcher.match(config.tensors(), Map.of(), kept, weights, section.origin());
    Path tokenizer = directory.resolve(TOKENIZER);
    return new LanguageCheckpoint(
        config,
        tensors,
        Files.exists(tokenizer) ? Optional.of(tokenizer) : Optional.empty(),
        EndTokens.read(directory, section),
        directory.toString());
  }

  /** A tensor by its name in {@link LlamaConfig#tensors}. */
  public LazyTensor tensor(String name) {
    return requireNonNull(tensors.get(name), name);
  }
}
