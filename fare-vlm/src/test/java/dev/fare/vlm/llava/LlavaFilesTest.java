package dev.fare.vlm.llava;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.fare.Precision;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.io.SafetensorsFile;
import dev.fare.io.SafetensorsWriter;
import dev.fare.vlm.PromptBatch;
import dev.fare.vlm.RecordedTensors;
import dev.fare.vlm.language.LanguageCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every layout that a LLaVA-1.5 comes in gives the logits that transformers recorded. */
class LlavaFilesTest {

  private static final float TOLERANCE = 2e-5f;

  @TempDir private Path folder;
  private NDManager manager;
  private RecordedTensors recorded;
  private Map<String, NDArray> weights;

  @BeforeEach
  void load() throws Exception {
    manager = NDManager.newBaseManager("PyTorch");
    recorded = RecordedTensors.read("llava_kv2/io.safetensors", manager);
    weights = new LinkedHashMap<>();
    for (Map.Entry<String, LazyTensor> tensor :
        SafetensorsFile.read(RecordedTensors.path("llava_kv2/model.safetensors"))
            .tensors()
            .entrySet()) {
      weights.put(tensor.getKey(), tensor.getValue().read(manager));
    }
    Files.copy(RecordedTensors.path("llava_kv2/config.json"), folder.resolve("config.json"));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void theLibrarysNewNames() throws Exception {
    write(
        name ->
            name.replaceFirst("^language_model.model", "model.language_model")
                .replaceFirst("^vision_tower", "model.vision_tower")
                .replaceFirst("^multi_modal_projector", "model.multi_modal_projector")
                .replaceFirst("^language_model.lm_head", "lm_head"));
    checkLogits(LlavaModel.builder(folder));
  }

  @Test
  void theOriginalNamesWithAVisionTowerOfItsOwnClip() throws Exception {
    JsonObject names =
        json(RecordedTensors.path("llava_kv2/original_check.json"))
            .getAsJsonObject("hf_to_original_key_names");
    weights.keySet().removeIf(name -> name.startsWith("vision_tower"));
    write(name -> names.get(name).getAsString());
    JsonObject config = json(folder.resolve("config.json")).getAsJsonObject("text_config");
    config.addProperty("model_type", "llava");
    config.addProperty("mm_vision_tower", "openai/clip-vit-large-patch14-336");
    config.addProperty("mm_projector_type", "mlp2x_gelu");
    config.addProperty("mm_vision_select_layer", -2);
    config.addProperty("mm_vision_select_feature", "patch");
    config.addProperty("image_aspect_ratio", "pad");
    Files.writeString(folder.resolve("config.json"), config.toString());

    // the tower is that of the recorded CLIP
    LlavaModel.Builder builder =
        LlavaModel.builder(folder).visionTower(RecordedTensors.path("hf_clip_quick_gelu"));
    checkLogits(builder);
    try (LlavaModel llava = builder.load()) {
      assertThat(llava.config().padsToSquare()).isTrue();
      assertThat(llava.config().imageToken()).isEqualTo(-200);
    }
    assertThatThrownBy(() -> LlavaModel.load(folder))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("openai/clip-vit-large-patch14-336")
        .hasMessageContaining("name a directory");
  }

  @Test
  void shards() throws Exception {
    JsonObject map = new JsonObject();
    Map<String, NDArray> first = new LinkedHashMap<>();
    Map<String, NDArray> second = new LinkedHashMap<>();
    weights.forEach(
        (name, array) -> {
          boolean isFirst = first.size() <= second.size();
          (isFirst ? first : second).put(name, array);
          map.addProperty(name, isFirst ? "model-1-of-2.safetensors" : "model-2-of-2.safetensors");
        });
    SafetensorsWriter.write(folder.resolve("model-1-of-2.safetensors"), first);
    SafetensorsWriter.write(folder.resolve("model-2-of-2.safetensors"), second);
    JsonObject index = new JsonObject();
    index.add("weight_map", map);
    Files.writeString(folder.resolve("model.safetensors.index.json"), index.toString());
    checkLogits(LlavaModel.builder(folder));
  }

  @Test
  void whatIsSavedIsTheSameModel() throws Exception {
    write(UnaryOperator.identity());
    Path saved = folder.resolve("saved");
    try (LlavaModel llava = LlavaModel.builder(folder).load()) {
      llava.save(saved, DataType.FLOAT32);
    }
    checkLogits(LlavaModel.builder(saved));
    assertThat(SafetensorsFile.read(saved.resolve("model.safetensors")).tensors().keySet())
        .isEqualTo(weights.keySet());
    assertThat(LlavaCheckpoint.read(saved).config())
        .isEqualTo(LlavaCheckpoint.read(folder).config());
  }

  @ParameterizedTest
  @CsvSource({"BFLOAT16, 0.3", "FLOAT16, 0.04"})
  void theTowerInHalfPrecisionToo(Precision precision, float tolerance) throws Exception {
    write(UnaryOperator.identity());
    try (LlavaModel llava = LlavaModel.builder(folder).precision(precision).load()) {
      float[] exact = recorded.floats("A.prompt_logits");
      assertThat(logits(llava)).isNotEqualTo(exact).containsExactly(exact, within(tolerance));
      assertThatThrownBy(() -> llava.languageModel().parameters(manager))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("FLOAT32");
    }
  }

  @Test
  void generationConfigSaysWhatEndsAText() throws Exception {
    write(UnaryOperator.identity());
    assertThat(LlavaCheckpoint.read(folder).language().endings().ids()).containsExactly(2);
    Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": [7, 9]}");
    assertThat(LlavaCheckpoint.read(folder).language().endings().ids()).containsExactly(7, 9);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "hidden_act|\"gelu\"|hidden_act must be silu",
        "attention_bias|true|attention_bias must be false",
        "rope_scaling|{\"type\":\"yarn\",\"factor\":2}|rope_type must be default or linear",
        "num_key_value_heads|3|keyValueHeads that divide heads",
        "intermediate_size|65|mlp.gate_proj.weight",
        "model_type|\"mistral\"|model_type must be llama",
      })
  void aLanguageModelThatIsNotWhatItsWeightsAreIsRefused(String key, String value, String message)
      throws Exception {
    write(UnaryOperator.identity());
    JsonObject config = json(folder.resolve("config.json"));
    config.getAsJsonObject("text_config").add(key, JsonParser.parseString(value));
    Files.writeString(folder.resolve("config.json"), config.toString());
    assertThatThrownBy(() -> LlavaCheckpoint.read(folder))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(message);
  }

  @Test
  void aTensorTooManyOrTooFewIsNamed() throws Exception {
    weights.put("model.image_newline", manager.ones(new Shape(32)));
    write(UnaryOperator.identity());
    assertThatThrownBy(() -> LlavaCheckpoint.read(folder))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("image_newline");
    weights.remove("model.image_newline");
    weights.remove("multi_modal_projector.linear_2.bias");
    write(UnaryOperator.identity());
    assertThatThrownBy(() -> LlavaCheckpoint.read(folder))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("linear_2.bias");
  }

  @ParameterizedTest
  @CsvSource({
    "vision_feature_layer, 99, vision_feature_layer: layer 99 is not among",
    "vision_feature_layer, -99, vision_feature_layer: layer -99 is not among",
    "image_token_index, 99999, 'image_token_index must be below the vocabulary''s size of 99'",
    "pad_token_id, 99999, 'pad_token_id must be below the vocabulary''s size of 99'",
  })
  void aConfigurationThatCannotBeIsRefusedByFileAndKey(String key, int value, String message)
      throws Exception {
    write(UnaryOperator.identity());
    Path file = folder.resolve("config.json");
    JsonObject config = json(file);
    config.addProperty(key, value);
    Files.writeString(file, config.toString());

    assertThatThrownBy(() -> LlavaModel.load(folder))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(message);
  }

  @Test
  void aVisionTowerThatCannotBeIsRefusedByFileAndSection() throws Exception {
    write(UnaryOperator.identity());
    Path file = folder.resolve("config.json");
    JsonObject config = json(file);
    config.getAsJsonObject("vision_config").addProperty("patch_size", 64);
    Files.writeString(file, config.toString());

    assertThatThrownBy(() -> LlavaModel.load(folder))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(file + " vision_config")
        .hasMessageContaining("patchSize 64");
  }

  @Test
  void theLibrarysNamesOfVersionFive() throws Exception {
    write(name -> name.replaceFirst("^vision_tower\\.vision_model", "model.vision_tower"));
    checkLogits(LlavaModel.builder(folder));
  }

  @Test
  void theTemplateIsSavedWithTheModel() throws Exception {
    write(UnaryOperator.identity());
    PromptTemplate own = new PromptTemplate("Human: \"<{%\\", "\nRobot:\u00e9");
    Path saved = folder.resolve("saved");

    try (LlavaModel llava = LlavaModel.builder(folder).template(own).load()) {
      llava.save(saved, DataType.FLOAT32);
    }

    try (LlavaModel again = LlavaModel.load(saved)) {
      assertThat(again.template()).isEqualTo(own);
    }
  }

  @Test
  void thePublishedTemplateIsFollowedAndAnotherIsNot() throws Exception {
    write(UnaryOperator.identity());
    Path file = folder.resolve("chat_template.jinja");
    Files.writeString(
        file,
        "{% for message in messages %}{% if message['role'] != 'system' %}"
            + "{{ message['role'].upper() + ': '}}{% endif %}{% endfor %}"
            + "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}");
    try (LlavaModel llava = LlavaModel.load(folder)) {
      assertThat(llava.template()).isEqualTo(PromptTemplate.USER_ASSISTANT);
    }
    Files.writeString(file, "{{ messages[0] }}");
    try (LlavaModel llava = LlavaModel.load(folder)) {
      assertThat(llava.template()).isEqualTo(PromptTemplate.VICUNA_V1);
    }
  }

  @Test
  void aTiedHeadIsTheEmbedding() throws Exception {
    Path directory = folder.resolve("tied");
    Files.createDirectory(directory);
    JsonObject config = json(RecordedTensors.path("llama_kv2/config.json"));
    config.addProperty("tie_word_embeddings", true);
    Files.writeString(directory.resolve("config.json"), config.toString());
    Map<String, NDArray> language = new LinkedHashMap<>();
    weights.forEach(
        (name, array) -> {
          if (name.startsWith("language_model.model.")) {
            language.put(name.substring("language_model.".length()), array);
          }
        });
    SafetensorsWriter.write(directory.resolve("model.safetensors"), language);

    LanguageCheckpoint checkpoint = LanguageCheckpoint.read(directory);

    assertThat(checkpoint.config().isTied()).isTrue();
    assertThat(checkpoint.tensors()).doesNotContainKey("lm_head.weight");
  }

  private void checkLogits(LlavaModel.Builder builder) throws Exception {
    try (LlavaModel llava = builder.load()) {
      assertThat(logits(llava))
          .containsExactly(recorded.floats("A.prompt_logits"), within(TOLERANCE));
    }
  }

  private float[] logits(LlavaModel llava) throws IOException {
    long[] ids = recorded.ids("A.input_ids").toLongArray();
    for (int i = 0; i < ids.length; i++) {
      ids[i] = ids[i] == 96 ? llava.config().imageToken() : ids[i];
    }
    PromptBatch prompts =
        PromptBatch.of(
            List.of(ids),
            llava.config().imageToken(),
            llava.config().padToken(),
            llava.tokensPerImage());
    NDArray visual = llava.visualTokens(recorded.tensor("x01").get("0:1"));
    return llava
        .languageModel()
        .logits(llava.embed(prompts, visual), prompts.mask(manager))
        .toFloatArray();
  }

  private void write(UnaryOperator<String> rename) throws IOException {
    Map<String, NDArray> renamed = new LinkedHashMap<>();
    weights.forEach((name, array) -> renamed.put(rename.apply(name), array));
    SafetensorsWriter.write(folder.resolve("model.safetensors"), renamed);
  }

  private static JsonObject json(Path file) throws IOException {
    return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
  }
}
