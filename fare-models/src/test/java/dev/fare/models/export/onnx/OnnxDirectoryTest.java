package dev.fare.models.export.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.google.gson.JsonObject;
import dev.fare.image.PixelNormalization;
import dev.fare.io.ModelFormatException;
import dev.fare.io.StrictJson;
import dev.fare.models.ClipModel;
import dev.fare.models.RecordedTensors;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.TinyClip;
import dev.fare.models.TinyTokenizer;
import dev.fare.models.export.ModelConverter;
import dev.fare.models.export.ModelFormat;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.huggingface.HuggingFaceWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The directory that transformers.js loads, and its files in ONNX Runtime. */
class OnnxDirectoryTest {

  @TempDir Path directory;
  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void hasTheFilesThatTransformersJsAsksFor() throws Exception {
    Path model = model();
    Path written = directory.resolve("written");
    ModelConverter.of(model).write(ModelFormat.ONNX, written);

    assertThat(files(written))
        .containsExactly(
            "config.json",
            "onnx/model.onnx",
            "onnx/text_model.onnx",
            "onnx/vision_model.onnx",
            "preprocessor_config.json",
            "tokenizer.json",
            "tokenizer_config.json");
    assertThat(StrictJson.read(written.resolve("config.json")).get("model_type").getAsString())
        .isEqualTo("clip");
    assertThat(written.resolve("tokenizer.json"))
        .hasSameBinaryContentAs(model.resolve("tokenizer.json"));
    JsonObject words = StrictJson.read(written.resolve("tokenizer_config.json"));
    assertThat(words.get("bos_token").getAsString()).isEqualTo("[S]");
    assertThat(words.get("eos_token").getAsString()).isEqualTo("[E]");
    assertThat(words.get("pad_token").getAsString()).isEqualTo("[E]");
    assertThat(words.get("model_max_length").getAsInt()).isEqualTo(12);
  }

  @Test
  void halfPrecisionHasItsOwnNames() throws Exception {
    Path written = directory.resolve("written");
    double difference =
        ModelConverter.of(model())
            .type(DataType.FLOAT16)
            .write(ModelFormat.ONNX, written)
            .difference();

    assertThat(files(written.resolve("onnx")))
        .containsExactly("model_fp16.onnx", "text_model_fp16.onnx", "vision_model_fp16.onnx");
    assertThat(difference).as("rounding to 11 bits").isBetween(1e-5, 5e-4);
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT32", "FLOAT16"})
  void bothTowersInOneFileGiveOurLogits(DataType type) throws Exception {
    RecordedTensors recorded = RecordedTensors.read("hf_clip_quick_gelu/io.safetensors", manager);
    NDArray ids = recorded.ids("input_ids").get(":4");
    Path file = directory.resolve("model.onnx");
    Map<String, NDArray> outputs;
    NDArray expected;
    NDArray texts;
    double scale;
    try (ClipModel clip =
        ClipModel.load(
            RobustClipEncoder.builder(RecordedTensors.path("hf_clip_quick_gelu"))
                .device(Device.cpu()))) {
      OnnxExport.clip(clip).type(type).write(file);
      scale = clip.logitScale();
      texts = clip.embedTokens(ids);
      expected = clip.logits(clip.imageEncoder().embed(recorded.tensor("x01")), texts);
    }
    try (OnnxRun run = new OnnxRun(file)) {
      outputs =
          run.run(
              Map.of(
                  "pixel_values", recorded.tensor("pixel_values"),
                  "input_ids", ids,
                  "attention_mask", ids.onesLike()),
              manager);
    }

    float tolerance = (float) (scale * (type == DataType.FLOAT32 ? 2e-6 : 5e-3));
    assertThat(outputs.get("logits_per_image").getShape()).isEqualTo(expected.getShape());
    assertThat(outputs.get("logits_per_image").toFloatArray())
        .containsExactly(expected.toFloatArray(), within(tolerance));
    assertThat(outputs.get("logits_per_text").toFloatArray())
        .containsExactly(expected.transpose().toFloatArray(), within(tolerance));
    NDArray unit = texts.div(texts.norm(new int[] {1}, true));
    assertThat(outputs.get("text_embeds").toFloatArray())
        .containsExactly(unit.toFloatArray(), within((float) (tolerance / scale)));
  }

  @Test
  void aModelWithoutTextTowerIsItsVisionTower() throws Exception {
    Path tower = directory.resolve("tower");
    ClipConfig config = new ClipConfig(TinyClip.VISION, Optional.empty(), PixelNormalization.CLIP);
    Map<String, NDArray> weights = TinyClip.weights(manager);
    weights.keySet().retainAll(config.tensors().keySet());
    HuggingFaceWriter.write(config, weights, Optional.empty(), tower);
    Path written = directory.resolve("written");
    ModelConverter.of(tower).write(ModelFormat.ONNX, written);

    assertThat(files(written))
        .containsExactly("config.json", "onnx/vision_model.onnx", "preprocessor_config.json");
  }

  @Test
  void aConvNextHasNoConfiguration() throws Exception {
    Path written = directory.resolve("written");
    ModelConverter.of(RecordedTensors.path("open_clip_convnext")).write(ModelFormat.ONNX, written);

    assertThat(files(written))
        .contains("onnx/model.onnx", "onnx/vision_model.onnx", "preprocessor_config.json")
        .doesNotContain("config.json");
  }

  @Test
  void weightsThatChangedInTheFileAreNoticed() throws Exception {
    Path file = directory.resolve("model.onnx");
    for (boolean beside : List.of(false, true)) {
      try (RobustClipEncoder encoder =
          RobustClipEncoder.load(RecordedTensors.path("hf_clip_quick_gelu"), Device.cpu())) {
        OnnxExport export = OnnxExport.vision(encoder).externalData(beside);
        export.write(file);
        assertThat(export.differenceFrom(file)).isZero();

        Path data = beside ? directory.resolve("model.onnx_data") : file;
        byte[] bytes = Files.readAllBytes(data);
        bytes[bytes.length / 2] ^= 0x40;
        Files.write(data, bytes);
        assertThat(export.differenceFrom(file)).isPositive();

        Files.write(data, Arrays.copyOf(bytes, bytes.length - 5000));
        assertThatExceptionOfType(ModelFormatException.class)
            .isThrownBy(() -> export.differenceFrom(file))
            .withMessageContaining("model.onnx");
      }
    }
  }

  @Test
  void weightsOfAnotherModelAreNoticed() throws Exception {
    Path file = directory.resolve("model.onnx");
    try (RobustClipEncoder encoder =
        RobustClipEncoder.load(RecordedTensors.path("hf_clip_quick_gelu"), Device.cpu())) {
      OnnxExport.vision(encoder).outputs("hidden_states.1").write(file);

      assertThatExceptionOfType(ModelFormatException.class)
          .isThrownBy(() -> OnnxExport.vision(encoder).differenceFrom(file))
          .withMessageContaining("is missing");
    }
  }

  private Path model() throws Exception {
    Path model = directory.resolve("model");
    HuggingFaceWriter.write(TinyClip.CONFIG, TinyClip.weights(manager), Optional.empty(), model);
    TinyTokenizer.write(model);
    return model;
  }

  private static List<String> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> folder.relativize(file).toString().replace('\\', '/'))
          .sorted()
          .toList();
    }
  }
}
