package dev.fare.models.format.huggingface;

import static dev.fare.models.format.TensorAssertions.assertSameBits;
import static dev.fare.models.format.TensorAssertions.random;
import static dev.fare.models.format.TensorAssertions.readAll;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.image.PixelNormalization;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.io.SafetensorsFile;
import dev.fare.io.SafetensorsWriter;
import dev.fare.models.ClipCheckpoints;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.Resources;
import dev.fare.models.text.TextConfig;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VitConfig;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HuggingFaceTest {

  private static final Path RECORDED = Resources.path("hf_clip_quick_gelu");

  @TempDir Path directory;

  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void fillsDefaultsThatTheConfigurationDropped() throws IOException {
    ClipConfig config = ClipCheckpoints.read(RECORDED).config();

    assertThat(config)
        .isEqualTo(
            new ClipConfig(
                new VitConfig(32, 8, 32, 2, 2, 64, 16, Activation.QUICK_GELU, 1e-5),
                Optional.of(
                    new TextConfig(
                        16, 99, 32, 2, 2, 64, 16, Activation.QUICK_GELU, 1e-5, OptionalInt.of(98))),
                PixelNormalization.CLIP));
  }

  @Test
  void mapsEveryTensorAsOpenClipNamesIt() throws IOException {
    Map<String, LazyTensor> expected =
        SafetensorsFile.read(RECORDED.resolve("as_open_clip.safetensors")).tensors();

    Map<String, LazyTensor> actual = ClipCheckpoints.read(RECORDED).tensors();

    assertThat(actual).containsOnlyKeys(expected.keySet());
    assertSameBits(manager, expected, actual);
  }

  @Test
  void readsWhatTransformersFiveWrites() throws IOException {
    Files.copy(RECORDED.resolve("config.json"), directory.resolve("config.json"));
    Files.copy(RECORDED.resolve("model.safetensors"), directory.resolve("model.safetensors"));
    Files.writeString(
        directory.resolve("processor_config.json"),
        "{\"processor_class\":\"CLIPProcessor\",\"image_processor\":{\"do_normalize\":true,"
            + "\"image_mean\":[0.5,0.5,0.5],\"image_std\":[0.25,0.25,0.25]}}");

    assertThat(ClipCheckpoints.read(directory).config().normalization())
        .isEqualTo(new PixelNormalization(List.of(0.5, 0.5, 0.5), List.of(0.25, 0.25, 0.25)));

    Files.writeString(
        directory.resolve("preprocessor_config.json"),
        "{\"image_mean\":[0.1,0.1,0.1],\"image_std\":[1,1,1]}");

    assertThat(ClipCheckpoints.read(directory).config().normalization().mean())
        .containsExactly(0.1, 0.1, 0.1);
  }

  @Test
  void readsAVisionTowerWhoseNamesAreShort() throws IOException {
    Files.copy(RECORDED.resolve("config.json"), directory.resolve("config.json"));
    Map<String, NDArray> renamed = new LinkedHashMap<>();
    Map<String, LazyTensor> stored =
        SafetensorsFile.read(RECORDED.resolve("model.safetensors")).tensors();
    for (String name : stored.keySet()) {
      renamed.put(
          name.replaceFirst("^vision_model\\.", ""), Resources.get(stored, name).read(manager));
    }
    SafetensorsWriter.write(directory.resolve("model.safetensors"), renamed);

    assertSameBits(
        manager,
        ClipCheckpoints.read(RECORDED).tensors(),
        ClipCheckpoints.read(directory).tensors());
  }

  @Test
  void readsShardsThatAnIndexNames() throws IOException {
    writeShards(directory, UnaryOperator.identity());

    assertSameBits(
        manager,
        ClipCheckpoints.read(RECORDED).tensors(),
        ClipCheckpoints.read(directory).tensors());
  }

  @Test
  void findsTheKindOfAWeightFileByContentAndNotByName() throws IOException {
    Files.copy(RECORDED.resolve("config.json"), directory.resolve("config.json"));
    Files.copy(RECORDED.resolve("model.safetensors"), directory.resolve("pytorch_model.bin"));

    ClipCheckpoint checkpoint = ClipCheckpoints.read(directory);

    assertSameBits(manager, ClipCheckpoints.read(RECORDED).tensors(), checkpoint.tensors());
  }

  @ParameterizedTest
  @CsvSource({
    "a.safetensors, ../a.safetensors, plain file name",
    "a.safetensors, c.safetensors, c.safetensors is missing",
    "\"logit_scale\":\"b, \"logit_scale\":\"a, lies in b.safetensors against the index",
    "\"logit_scale\":, \"other\":, 'logit_scale' lies in",
  })
  void refusesAnIndexThatLies(String truth, String lie, String message) throws IOException {
    writeShards(directory, index -> index.replace(truth, lie));

    assertThatThrownBy(() -> ClipCheckpoints.read(directory))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(message);
  }

  @Test
  void savesWhatLoadsBitForBit() throws IOException {
    ClipCheckpoint original = ClipCheckpoints.read(RECORDED);
    Path tokenizer = Files.writeString(directory.resolve("tokenizer.json"), "{\"model\":{}}");
    Path saved = directory.resolve("deep/saved");

    HuggingFaceWriter.write(
        original.config(), readAll(manager, original.tensors()), Optional.of(tokenizer), saved);

    ClipCheckpoint loaded = ClipCheckpoints.read(saved);
    assertThat(loaded.config()).isEqualTo(original.config());
    assertSameBits(manager, original.tensors(), loaded.tensors());
    assertThat(loaded.tokenizer()).hasValue(saved.resolve("tokenizer.json"));
    assertThat(saved.resolve("tokenizer.json")).hasContent("{\"model\":{}}");
    Map<String, LazyTensor> stored =
        SafetensorsFile.read(saved.resolve("model.safetensors")).tensors();
    assertSameBits(
        manager, SafetensorsFile.read(RECORDED.resolve("model.safetensors")).tensors(), stored);
    assertThat(directory.resolve("deep").toFile().list()).containsExactly("saved");
  }

  @Test
  void savesOtherActivationsEpsilonsAndNormalizations() throws IOException {
    ClipConfig config =
        new ClipConfig(
            new VitConfig(24, 8, 16, 1, 4, 32, 8, Activation.GELU, 1e-6),
            Optional.of(
                new TextConfig(
                    7, 50, 8, 1, 2, 8, 8, Activation.QUICK_GELU, 1e-5, OptionalInt.empty())),
            new PixelNormalization(List.of(0.5, 0.25, 0.1), List.of(0.5, 1.0, 2.0)));

    HuggingFaceWriter.write(
        config, random(manager, config), Optional.empty(), directory.resolve("m"));

    ClipCheckpoint loaded = ClipCheckpoints.read(directory.resolve("m"));
    assertThat(loaded.config()).isEqualTo(config);
    assertThat(loaded.tokenizer()).isEmpty();
  }

  @Test
  void savesAVisionTowerAlone() throws IOException {
    ClipConfig config =
        new ClipConfig(
            new VitConfig(24, 8, 16, 1, 4, 32, 8, Activation.GELU, 1e-5),
            Optional.empty(),
            PixelNormalization.CLIP);

    HuggingFaceWriter.write(
        config, random(manager, config), Optional.empty(), directory.resolve("m"));

    assertThat(ClipCheckpoints.read(directory.resolve("m")).config()).isEqualTo(config);
  }

  @Test
  void readsAVisionModelWithoutProjectionAsItsPooledToken() throws IOException {
    Map<String, NDArray> tensors = recorded(name -> name.startsWith("vision_model."));
    SafetensorsWriter.write(directory.resolve("model.safetensors"), tensors);
    Files.writeString(
        directory.resolve("config.json"),
        """
        {"architectures":["CLIPVisionModel"],"model_type":"clip_vision_model","hidden_size":32,
         "image_size":32,"intermediate_size":64,"num_attention_heads":2,"num_hidden_layers":2,
         "patch_size":8}
        """);

    ClipCheckpoint checkpoint = ClipCheckpoints.read(directory);

    assertThat(checkpoint.config().vision().embeddingSize()).isEqualTo(32);
    assertThat(Resources.get(checkpoint.tensors(), "visual.proj").read(manager))
        .isEqualTo(manager.eye(32));
  }

  @Test
  void readsAVisionTowerBesideTheConfigurationOfBoth() throws IOException {
    Files.copy(RECORDED.resolve("config.json"), directory.resolve("config.json"));
    SafetensorsWriter.write(
        directory.resolve("model.safetensors"), recorded(name -> name.startsWith("vis")));
    String config = Files.readString(directory.resolve("config.json"));
    Files.writeString(
        directory.resolve("config.json"),
        config.replace("\"CLIPModel\"", "\"CLIPVisionModelWithProjection\""));

    ClipCheckpoint checkpoint = ClipCheckpoints.read(directory);

    ClipCheckpoint both = ClipCheckpoints.read(RECORDED);
    assertThat(checkpoint.config().vision()).isEqualTo(both.config().vision());
    assertThat(checkpoint.config().text()).isEmpty();
    assertThat(checkpoint.tensor("visual.proj").read(manager))
        .isEqualTo(both.tensor("visual.proj").read(manager));
  }

  @Test
  void readsAnEndTokenOfTwoAsTheLargestId() throws IOException {
    Files.copy(RECORDED.resolve("model.safetensors"), directory.resolve("model.safetensors"));
    String config = Files.readString(RECORDED.resolve("config.json"));
    Files.writeString(
        directory.resolve("config.json"),
        config.replace("\"eos_token_id\": 98", "\"eos_token_id\": 2"));

    assertThat(ClipCheckpoints.read(directory).config().text().orElseThrow().endToken()).isEmpty();
  }

  @Test
  void readsModelsWrappedUnderAnotherNameAndIgnoresPositionIds() throws IOException {
    Map<String, NDArray> wrapped = new LinkedHashMap<>();
    recorded(name -> true).forEach((name, array) -> wrapped.put("clip." + name, array));
    wrapped.put("clip.vision_model.embeddings.position_ids", manager.arange(17f).expandDims(0));
    SafetensorsWriter.write(directory.resolve("model.safetensors"), wrapped);
    Files.copy(RECORDED.resolve("config.json"), directory.resolve("config.json"));

    assertSameBits(
        manager,
        ClipCheckpoints.read(RECORDED).tensors(),
        ClipCheckpoints.read(directory).tensors());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"model_type\": \"clip\" | \"model_type\": \"siglip\" | model_type must be clip",
        "\"projection_dim\": 16 | \"projection_dim\": 24 | 'visual_projection.weight' has the shape"
            + " (16, 32) but",
        "\"patch_size\": 8 | \"patch_size\": 4 | 'vision_model.embeddings.patch_embedding.weight'"
            + " has the shape (32, 3, 8, 8)",
        "\"image_size\": 32 | \"image_size\": 40 |"
            + " 'vision_model.embeddings.position_embedding.weight'",
        "\"image_size\": 32 | \"image_size\": -1 | image_size must be a whole number from 1",
        "\"image_size\": 32 | \"image_size\": \"32\" | image_size must be a number",
        "\"image_size\": 32 | \"image_size\": 32.5 | image_size must be a whole number",
        "\"image_size\": 32 | \"image_size\": 32, \"image_size\": 32 | 'image_size' is there twice",
        "\"num_hidden_layers\": 2 | \"num_hidden_layers\": 1 | are left over",
        "\"num_hidden_layers\": 2 | \"num_hidden_layers\": 3 | are missing",
        "\"num_hidden_layers\": 2 | \"num_hidden_layers\": 2000000000 | from 1 to 1024",
        "\"num_attention_heads\": 2 | \"num_attention_heads\": 3 | its heads divide",
        "\"eos_token_id\": 98 | \"eos_token_id\": 99 | end token of its vocabulary",
        "\"patch_size\": 8 | \"hidden_act\": \"relu\" | hidden_act must be quick_gelu or gelu",
        "\"patch_size\": 8 | \"hidden_act\": \"gelu_new\" | hidden_act must be quick_gelu or gelu",
        "\"patch_size\": 8 | \"hidden_act\": \"gelu_pytorch_tanh\" | hidden_act must be quick_gelu",
        "\"patch_size\": 8 | \"layer_norm_eps\": 0 | layerNormEpsilon 0.0",
        "\"patch_size\": 8 | \"patch_size\": [8, 4] | patch_size must be a number",
        "\"patch_size\": 8 | \"num_channels\": 4 | num_channels must be 3",
        "\"projection_dim\": 16 | \"projection_dim\": 16,, | not valid JSON",
      })
  void refusesAConfigurationThatDoesNotMatch(String truth, String lie, String message)
      throws IOException {
    Files.copy(RECORDED.resolve("model.safetensors"), directory.resolve("model.safetensors"));
    String config = Files.readString(RECORDED.resolve("config.json"));
    Files.writeString(directory.resolve("config.json"), config.replace(truth.trim(), lie.trim()));

    assertThatThrownBy(() -> ClipCheckpoints.read(directory))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(directory.toString())
        .hasMessageContaining(message.trim());
  }

  @Test
  void namesMissingAndLeftOverTensors() throws IOException {
    Files.copy(RECORDED.resolve("config.json"), directory.resolve("config.json"));
    String missing = "vision_model.post_layernorm.bias";
    Map<String, NDArray> tensors = recorded(name -> !name.equals(missing));
    SafetensorsWriter.write(directory.resolve("model.safetensors"), tensors);
    assertThatThrownBy(() -> ClipCheckpoints.read(directory))
        .hasMessageContaining("tensor '" + missing + "' is missing");

    tensors = recorded(name -> true);
    tensors.put("vision_model.extra", manager.create(1f));
    SafetensorsWriter.write(directory.resolve("model.safetensors"), tensors);
    assertThatThrownBy(() -> ClipCheckpoints.read(directory))
        .hasMessageContaining("tensor 'vision_model.extra' is left over");
  }

  @Test
  void replacesItsOwnDirectoryButNoOther() throws IOException {
    ClipCheckpoint original = ClipCheckpoints.read(RECORDED);
    Map<String, NDArray> tensors = readAll(manager, original.tensors());
    Path saved = directory.resolve("saved");
    HuggingFaceWriter.write(original.config(), tensors, Optional.empty(), saved);
    Files.writeString(saved.resolve("README.md"), "a card of these weights");
    HuggingFaceWriter.write(original.config(), tensors, Optional.empty(), saved);
    assertThat(saved.resolve("README.md")).doesNotExist();
    Files.writeString(saved.resolve("diary.txt"), "keep me");

    assertThatThrownBy(
            () -> HuggingFaceWriter.write(original.config(), tensors, Optional.empty(), saved))
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessageContaining("diary.txt");
    assertThat(saved.resolve("diary.txt")).hasContent("keep me");
  }

  @Test
  void writesNothingWhenTensorsDoNotMatchOrTheTokenizerIsGone() throws IOException {
    ClipCheckpoint original = ClipCheckpoints.read(RECORDED);
    Map<String, NDArray> tensors = readAll(manager, original.tensors());
    Path saved = directory.resolve("saved");

    assertThatThrownBy(
            () ->
                HuggingFaceWriter.write(
                    original.config(), tensors, Optional.of(directory.resolve("gone")), saved))
        .isInstanceOf(IOException.class);
    tensors.put("visual.proj", manager.create(new Shape(32, 15)));
    assertThatThrownBy(
            () -> HuggingFaceWriter.write(original.config(), tensors, Optional.empty(), saved))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'visual.proj' must have the shape (32, 16), got (32, 15)");
    tensors.remove("visual.proj");
    assertThatThrownBy(
            () -> HuggingFaceWriter.write(original.config(), tensors, Optional.empty(), saved))
        .hasMessageContaining("'visual.proj' must have the shape (32, 16), got none");

    assertThat(directory).isEmptyDirectory();
  }

  private Map<String, NDArray> recorded(Predicate<String> filter) throws IOException {
    Map<String, NDArray> arrays = new LinkedHashMap<>();
    for (Map.Entry<String, LazyTensor> entry :
        SafetensorsFile.read(RECORDED.resolve("model.safetensors")).tensors().entrySet()) {
      if (filter.test(entry.getKey())) {
        arrays.put(entry.getKey(), entry.getValue().read(manager));
      }
    }
    return arrays;
  }

  private void writeShards(Path target, UnaryOperator<String> edit) throws IOException {
    Files.copy(RECORDED.resolve("config.json"), target.resolve("config.json"));
    Predicate<String> isFirst = name -> name.startsWith("text_model.");
    SafetensorsWriter.write(target.resolve("a.safetensors"), recorded(isFirst));
    SafetensorsWriter.write(target.resolve("b.safetensors"), recorded(isFirst.negate()));
    StringBuilder map = new StringBuilder();
    for (String name : recorded(n -> true).keySet()) {
      map.append(map.isEmpty() ? "" : ",").append('"').append(name).append("\":\"");
      map.append(isFirst.test(name) ? "a" : "b").append(".safetensors\"");
    }
    Files.writeString(
        target.resolve("model.safetensors.index.json"),
        edit.apply("{\"metadata\":{\"total_size\":1},\"weight_map\":{" + map + "}}"));
  }
}
