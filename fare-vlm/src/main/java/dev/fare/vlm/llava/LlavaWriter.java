package dev.fare.vlm.llava;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.fare.io.AtomicDirectory;
import dev.fare.io.AtomicFile;
import dev.fare.io.SafetensorsWriter;
import dev.fare.io.StrictJson;
import dev.fare.models.TokenLayer;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.TensorMatcher;
import dev.fare.models.format.huggingface.HuggingFaceConfig;
import dev.fare.models.format.huggingface.HuggingFaceNames;
import dev.fare.models.format.huggingface.HuggingFaceReader;
import dev.fare.models.vision.VisionConfig;
import dev.fare.vlm.language.EndTokens;
import dev.fare.vlm.language.LlamaConfig;
import dev.fare.vlm.language.LlamaSection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Writes a LLaVA as a directory of Hugging Face's {@code LlavaForConditionalGeneration}, under the
 * names that every version of its library reads: {@code config.json}, {@code
 * generation_config.json}, {@code preprocessor_config.json}, {@code chat_template.json}, {@code
 * model.safetensors} and, where there is one, {@code tokenizer.json}.
 */
public final class LlavaWriter {

  private static final String WEIGHTS = "model.safetensors";
  private static final String GENERATION = "generation_config.json";
  private static final Set<String> OURS =
      Set.of(
          HuggingFaceConfig.CONFIG,
          HuggingFaceConfig.PREPROCESSOR,
          HuggingFaceReader.TOKENIZER,
          GENERATION,
          ChatTemplateFile.FILE,
          WEIGHTS);

  /**
   * What is written besides the weights.
   *
   * @param llava how the parts are joined
   * @param vision the vision tower, a transformer
   * @param language the language model
   * @param endings the tokens that end a text
   * @param template how questions become prompts
   * @param tokenizer a {@code tokenizer.json} to go with it
   */
  public record Architecture(
      LlavaConfig llava,
      ClipConfig vision,
      LlamaConfig language,
      EndTokens endings,
      PromptTemplate template,
      Optional<Path> tokenizer) {}

  private LlavaWriter() {}

  /**
   * Writes a model; reading it again in FLOAT32 gives the same bits.
   *
   * <p>The directory appears whole or not at all. One that was written before is replaced.
   *
   * @param vision the tower's weights by canonical name; the projection is not part of a LLaVA
   * @param projector by the names of {@link LlavaCheckpoint#projector}
   * @param language by the names of {@link LlamaConfig#tensors}
   * @param type FLOAT32 or FLOAT16
   * @throws IllegalArgumentException if tensors and architecture don't match
   * @throws IOException if writing fails; what was at the place before stays
   */
  public static void write(
      Architecture architecture,
      Map<String, NDArray> vision,
      Map<String, NDArray> projector,
      Map<String, NDArray> language,
      Path directory,
      DataType type)
      throws IOException {
    VisionConfig tower = architecture.vision().vision();
    int tokenWidth = LlavaCheckpoint.tokenWidth(architecture.llava(), tower);
    NDManager owner = vision.values().iterator().next().getManager();
    try (NDManager scope = owner.newSubManager()) {
      Map<String, NDArray> tensors = vision(tower, vision, scope);
      put(
          tensors,
          "multi_modal_projector.",
          LlavaCheckpoint.projectorTensors(tokenWidth, architecture.language().width()),
          projector);
      LinkedHashMap<String, Shape> words = architecture.language().tensors();
      if (words.remove("lm_head.weight") != null) {
        LlamaConfig config = architecture.language();
        Shape shape = new Shape(config.vocabularySize(), config.width());
        put(tensors, "language_model.", Map.of("lm_head.weight", shape), language);
      }
      put(tensors, "language_model.model.", words, language);
      AtomicDirectory.write(
          directory,
          OURS,
          fresh -> {
            SafetensorsWriter.write(
                fresh.resolve(WEIGHTS), tensors, type, SafetensorsWriter.PYTORCH);
            writeConfigurations(architecture, fresh, type);
          });
    }
  }

  private static Map<String, NDArray> vision(
      VisionConfig tower, Map<String, NDArray> canonical, NDManager scope) {
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    Map<String, Shape> shapes = tower.tensors();
    HuggingFaceNames.vision(tower)
        .forEach(
            (name, recipe) -> {
              if (recipe.parts().contains(HuggingFaceNames.VISION_PROJECTION)) {
                return;
              }
              NDArray tensor =
                  TensorMatcher.checked(name, requireNonNull(shapes.get(name)), canonical);
              NDList parts = recipe.split(tensor);
              for (int i = 0; i < parts.size(); i++) {
                if (parts.get(i) != tensor) {
                  parts.get(i).attach(scope);
                }
                tensors.put("vision_tower." + recipe.parts().get(i), parts.get(i));
              }
            });
    return tensors;
  }

  private static void put(
      Map<String, NDArray> tensors,
      String prefix,
      Map<String, Shape> expected,
      Map<String, NDArray> given) {
    expected.forEach(
        (name, shape) -> tensors.put(prefix + name, TensorMatcher.checked(name, shape, given)));
  }

  private static void writeConfigurations(Architecture architecture, Path directory, DataType type)
      throws IOException {
    JsonObject preprocessor =
        HuggingFaceConfig.preprocessorJson(architecture.vision(), Optional.empty());
    preprocessor.addProperty("do_pad", architecture.llava().padsToSquare());
    StrictJson.write(directory.resolve(HuggingFaceConfig.PREPROCESSOR), preprocessor);
    StrictJson.write(
        directory.resolve(ChatTemplateFile.FILE), ChatTemplateFile.toJson(architecture.template()));
    JsonObject generation = new JsonObject();
    JsonArray endings = new JsonArray();
    architecture.endings().ids().forEach(endings::add);
    generation.add("eos_token_id", endings);
    generation.addProperty("pad_token_id", architecture.llava().padToken());
    StrictJson.write(directory.resolve(GENERATION), generation);
    if (architecture.tokenizer().isPresent()) {
      AtomicFile.write(
          directory.resolve(HuggingFaceReader.TOKENIZER),
          Files.readAllBytes(architecture.tokenizer().get()));
    }
    StrictJson.write(directory.resolve(HuggingFaceConfig.CONFIG), toJson(architecture, type));
  }

  private static JsonObject toJson(Architecture architecture, DataType type) {
    LlavaConfig llava = architecture.llava();
    TokenLayer layer = llava.visualTokens();
    if (layer.postNorm()) {
      throw new IllegalArgumentException(
          "this layout has no name for tokens after the final normalisation, got " + layer);
    }
    JsonObject json = new JsonObject();
    json.addProperty("model_type", LlavaReader.MODEL_TYPE);
    json.addProperty("image_token_index", llava.imageToken());
    json.addProperty("pad_token_id", llava.padToken());
    json.addProperty("projector_hidden_act", "gelu");
    json.addProperty("vision_feature_layer", layer.depth());
    json.addProperty("vision_feature_select_strategy", layer.classToken() ? "full" : "default");
    json.addProperty("tie_word_embeddings", architecture.language().isTied());
    json.add("text_config", LlamaSection.toJson(architecture.language(), architecture.endings()));
    ClipConfig vision = architecture.vision();
    ClipConfig alone = new ClipConfig(vision.vision(), Optional.empty(), vision.normalization());
    JsonObject tower = HuggingFaceConfig.toJson(alone, type);
    tower.remove("architectures");
    json.add("vision_config", tower);
    JsonArray names = new JsonArray();
    names.add("LlavaForConditionalGeneration");
    json.add("architectures", names);
    json.addProperty("torch_dtype", type == DataType.FLOAT16 ? "float16" : "float32");
    return json;
  }
}
