package dev.fare.models.format;

import static dev.fare.models.format.TensorAssertions.assertSameBits;
import static dev.fare.models.format.TensorAssertions.random;
import static dev.fare.models.format.TensorAssertions.readAll;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.image.PixelNormalization;
import dev.fare.io.ModelFormatException;
import dev.fare.io.SafetensorsFile;
import dev.fare.io.SafetensorsWriter;
import dev.fare.models.ClipCheckpoints;
import dev.fare.models.VisionTowerFile;
import dev.fare.models.format.huggingface.HuggingFaceWriter;
import dev.fare.models.format.openclip.OpenClipConfigJson;
import dev.fare.models.format.openclip.OpenClipWriter;
import dev.fare.models.text.TextCleaning;
import dev.fare.models.text.TextConfig;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.ConvNextConfig;
import dev.fare.models.vision.VitConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OpenClipTest {

  private static final Path RECORDED = Resources.path("open_clip_quickgelu");
  private static final Path CONVNEXT = Resources.path("open_clip_convnext");
  private static final String WEIGHTS = "open_clip_model.safetensors";

  @TempDir Path directory;

  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void readsARecordedDirectory() throws IOException {
    ClipCheckpoint checkpoint = ClipCheckpoints.read(RECORDED);

    assertThat(checkpoint.config())
        .isEqualTo(
            new ClipConfig(
                new VitConfig(32, 8, 32, 2, 2, 128, 16, Activation.QUICK_GELU, 1e-5),
                Optional.of(
                    new TextConfig(
                        16,
                        99,
                        32,
                        2,
                        2,
                        128,
                        16,
                        Activation.QUICK_GELU,
                        1e-5,
                        OptionalInt.empty())),
                PixelNormalization.CLIP));
    assertSameBits(
        manager, SafetensorsFile.read(RECORDED.resolve(WEIGHTS)).tensors(), checkpoint.tensors());
  }

  @Test
  void readsAWeightFileWithTheConfigurationBesideIt() throws IOException {
    assertThat(ClipCheckpoints.read(RECORDED.resolve(WEIGHTS)).config())
        .isEqualTo(ClipCheckpoints.read(RECORDED).config());
  }

  @Test
  void readsARecordedConvNext() throws IOException {
    ClipCheckpoint checkpoint = ClipCheckpoints.read(CONVNEXT);

    assertThat(checkpoint.config().vision())
        .isEqualTo(new ConvNextConfig(64, List.of(1, 1, 2, 1), List.of(8, 16, 24, 32), 16, 1e-6));
    assertThat(checkpoint.config().text().orElseThrow().activation()).isEqualTo(Activation.GELU);
    assertThat(checkpoint.cleaning()).isEqualTo(TextCleaning.OPENAI);
    assertSameBits(
        manager, SafetensorsFile.read(CONVNEXT.resolve(WEIGHTS)).tensors(), checkpoint.tensors());
  }

  @Test
  void readsAConvNextTowerOntoItsBase() throws IOException {
    ClipCheckpoint base = ClipCheckpoints.read(CONVNEXT);
    Path tower = directory.resolve("tower.safetensors");
    VisionTowerFile.write(base.config(), readAll(manager, base.tensors()), tower);

    assertThat(SafetensorsFile.read(tower).tensors())
        .containsKey("trunk.stem.0.weight")
        .doesNotContainKey("ln_final.weight");
    assertSameBits(manager, base.tensors(), VisionTowerFile.read(tower, base).tensors());
  }

  @Test
  void writesWhatItReads() throws IOException {
    ClipCheckpoint original = ClipCheckpoints.read(RECORDED);
    Path tokenizer = Files.writeString(directory.resolve("tokenizer.json"), "{}");
    Path saved = directory.resolve("saved");

    OpenClipWriter.write(
        original.config(), readAll(manager, original.tensors()), Optional.of(tokenizer), saved);

    ClipCheckpoint loaded = ClipCheckpoints.read(saved);
    assertThat(loaded.config()).isEqualTo(original.config());
    assertThat(loaded.tokenizer()).hasValue(saved.resolve("tokenizer.json"));
    assertSameBits(manager, original.tensors(), loaded.tensors());
  }

  @Test
  void writesConvNextsByTheNameOrTheSizesThatTimmKnows() throws IOException {
    assertThat(
            OpenClipConfigJson.of(ClipArchitectures.named("convnext_base_w"), Optional.empty())
                .toString())
        .contains("\"timm_model_name\":\"convnext_base\"")
        .doesNotContain("timm_model_kwargs");
    ClipCheckpoint recorded = ClipCheckpoints.read(CONVNEXT);
    Path saved = directory.resolve("saved");

    OpenClipWriter.write(
        recorded.config(), readAll(manager, recorded.tensors()), Optional.empty(), saved);

    ClipCheckpoint loaded = ClipCheckpoints.read(saved);
    assertThat(loaded.config()).isEqualTo(recorded.config());
    assertSameBits(manager, recorded.tensors(), loaded.tensors());
    Path config = saved.resolve("open_clip_config.json");
    Files.writeString(config, Files.readString(config).replace("24", "25"));
    assertThatThrownBy(() -> ClipCheckpoints.read(saved))
        .hasMessageContaining("convnext_base of [[1, 1, 2, 1], [8, 16, 25, 32]]");
  }

  @Test
  void writesOddWidthsAndEpsilons() throws IOException {
    ClipConfig config =
        new ClipConfig(
            new VitConfig(24, 8, 12, 1, 3, 53, 8, Activation.GELU, 1e-6),
            Optional.of(
                new TextConfig(7, 50, 14, 1, 2, 61, 8, Activation.GELU, 1e-5, OptionalInt.empty())),
            new PixelNormalization(List.of(0.5, 0.25, 0.1), List.of(0.5, 1.0, 2.0)));

    OpenClipWriter.write(config, random(manager, config), Optional.empty(), directory.resolve("m"));

    assertThat(ClipCheckpoints.read(directory.resolve("m")).config()).isEqualTo(config);
  }

  @Test
  void convertsBetweenLayoutsWithoutLosingABit() throws IOException {
    ClipCheckpoint huggingFace = ClipCheckpoints.read(Resources.path("hf_clip_quick_gelu"));
    Path openClip = directory.resolve("open_clip");
    Path back = directory.resolve("back");

    OpenClipWriter.write(
        huggingFace.config(), readAll(manager, huggingFace.tensors()), Optional.empty(), openClip);
    ClipCheckpoint converted = ClipCheckpoints.read(openClip);
    HuggingFaceWriter.write(
        converted.config(), readAll(manager, converted.tensors()), Optional.empty(), back);

    assertSameBits(manager, huggingFace.tensors(), ClipCheckpoints.read(back).tensors());
  }

  @Test
  void refusesToWriteWhatTheLayoutCannotSay() {
    VitConfig vision = new VitConfig(24, 8, 12, 1, 3, 53, 8, Activation.GELU, 1e-5);
    ClipConfig alone = new ClipConfig(vision, Optional.empty(), PixelNormalization.CLIP);
    ClipConfig mixed =
        new ClipConfig(
            vision,
            Optional.of(
                new TextConfig(
                    7, 50, 14, 1, 2, 61, 8, Activation.QUICK_GELU, 1e-5, OptionalInt.empty())),
            PixelNormalization.CLIP);

    for (ClipConfig config : List.of(alone, mixed)) {
      assertThatThrownBy(() -> OpenClipWriter.write(config, Map.of(), Optional.empty(), directory))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("open_clip");
    }
  }

  @Test
  void readsTextTowersThatAreModulesOfTheirOwn() throws IOException {
    Map<String, NDArray> renamed = new LinkedHashMap<>();
    readAll(manager, ClipCheckpoints.read(RECORDED).tensors())
        .forEach(
            (name, array) -> {
              boolean isText = !name.startsWith("visual.") && !name.equals("logit_scale");
              renamed.put(isText ? "text." + name : name, array);
            });
    SafetensorsWriter.write(directory.resolve(WEIGHTS), renamed);
    String config = Files.readString(RECORDED.resolve("open_clip_config.json"));
    Files.writeString(
        directory.resolve("open_clip_config.json"),
        config.replace("\"quick_gelu\": true", "\"quick_gelu\": true, \"custom_text\": true"));

    assertSameBits(
        manager,
        ClipCheckpoints.read(RECORDED).tensors(),
        ClipCheckpoints.read(directory).tensors());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"patch_size\": 8 | \"patch_size\": 8, \"no_ln_pre\": true | no_ln_pre must be absent",
        "\"patch_size\": 8 | \"patch_size\": 8, \"pool_type\": \"avg\" | pool_type must be tok",
        "\"patch_size\": 8 | \"patch_size\": 8, \"ls_init_value\": 0.1 | ls_init_value must be",
        "\"patch_size\": 8 | \"patch_size\": 16 | 'visual.conv1.weight' has the shape",
        "\"head_width\": 16 | \"head_width\": 20 | head_width must be a divisor",
        "\"quick_gelu\": true | \"quick_gelu\": \"yes\" | quick_gelu must be true or false",
        "\"quick_gelu\": true | \"multimodal_cfg\": {} | multimodal_cfg must be absent",
        "\"image_size\": 32 | \"image_size\": [32, 48] | image_size must be a number or two equal ones",
        "\"vocab_size\": 99 | \"vocab_size\": 98 | 'token_embedding.weight' has the shape",
        "\"vocab_size\": 99 | \"hf_model_name\": \"roberta\" | hf_model_name must be absent",
        "\"embed_dim\": 16 | \"embed_dim\": 1e300 | embed_dim must be a whole number",
      })
  void refusesAConfigurationThatIsUnknownOrDoesNotMatch(String truth, String lie, String message)
      throws IOException {
    Files.copy(RECORDED.resolve(WEIGHTS), directory.resolve(WEIGHTS));
    String config = Files.readString(RECORDED.resolve("open_clip_config.json"));
    assertThat(config).contains(truth.trim());
    Files.writeString(
        directory.resolve("open_clip_config.json"), config.replace(truth.trim(), lie.trim()));

    assertThatThrownBy(() -> ClipCheckpoints.read(directory))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(message.trim());
  }

  @ParameterizedTest
  @CsvSource({
    "convnext_base (depths [1.1.2.1]), convnext_base, the model of the tensors",
    "convnext_base (depths [1.1.2.1]), convnextv2_base, timm_model_name must be one of",
    "\"linear\", \"mlp\", timm_pool and timm_proj",
  })
  void refusesAConvNextThatItDoesNotKnow(String truth, String lie, String message)
      throws IOException {
    Files.copy(CONVNEXT.resolve(WEIGHTS), directory.resolve(WEIGHTS));
    String config = Files.readString(CONVNEXT.resolve("open_clip_config.json"));
    String edited =
        truth.startsWith("convnext")
            ? config.replaceAll("\"convnext_base [^\"]*\"", "\"" + lie + "\"")
            : config.replace(truth, lie);
    Files.writeString(directory.resolve("open_clip_config.json"), edited);

    assertThatThrownBy(() -> ClipCheckpoints.read(directory))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(message);
  }

  /** The numbers of parameters, in millions, that open_clip publishes in its model profile. */
  @ParameterizedTest
  @CsvSource({
    "ViT-B-32, 151.28",
    "ViT-B-16-quickgelu, 149.62",
    "ViT-L-14, 427.62",
    "ViT-L-14-336-quickgelu, 427.94",
    "ViT-H-14, 986.11",
    "ViT-g-14, 1366.68",
    "ViT-bigG-14, 2539.57",
    "convnext_base, 151.52",
    "convnext_base_w, 179.39",
  })
  void knowsTheArchitecturesByName(String name, double millions) {
    ClipConfig config = ClipArchitectures.named(name);

    double parameters = config.tensors().values().stream().mapToLong(Shape::size).sum() / 1e6;

    assertThat(parameters).isCloseTo(millions, within(0.005));
    assertThat(config.text().orElseThrow().activation())
        .isEqualTo(name.endsWith("quickgelu") ? Activation.QUICK_GELU : Activation.GELU);
  }

  @Test
  void listsTheArchitecturesWhereANameIsUnknown() {
    assertThatThrownBy(() -> ClipArchitectures.named("convnext_base-quickgelu"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ViT-L-14-quickgelu")
        .hasMessageContaining("got convnext_base-quickgelu");
  }
}
