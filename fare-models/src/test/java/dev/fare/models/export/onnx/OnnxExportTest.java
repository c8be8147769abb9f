package dev.fare.models.export.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.onnx.proto.OnnxMl;
import dev.fare.image.PixelNormalization;
import dev.fare.io.SafetensorsFile;
import dev.fare.models.ClipInitialization;
import dev.fare.models.ClipModel;
import dev.fare.models.RecordedTensors;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.TokenLayer;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.huggingface.HuggingFaceWriter;
import dev.fare.models.text.TextConfig;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VitConfig;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Exported graphs in ONNX Runtime, against transformers' and open_clip's numbers and our own. */
class OnnxExportTest {

  private static final float TOLERANCE = 2e-5f;
  private static final String HUGGING_FACE = "hf_clip_quick_gelu";

  @TempDir Path directory;
  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void theVisionTowerGivesTransformersNumbers() throws Exception {
    RecordedTensors recorded = RecordedTensors.read(HUGGING_FACE + "/io.safetensors", manager);
    Map<String, NDArray> outputs;
    try (RobustClipEncoder encoder = load(HUGGING_FACE)) {
      OnnxExport.vision(encoder)
          .outputs(
              "image_embeds",
              "last_hidden_state",
              "hidden_states.0",
              "hidden_states.1",
              "hidden_states.2")
          .write(file());
      outputs = run(Map.of("pixel_values", recorded.tensor("pixel_values")));
    }
    assertThat(outputs.get("image_embeds").toFloatArray())
        .containsExactly(recorded.floats("out.image_features_unnormalized"), within(TOLERANCE));
    assertThat(outputs.get("last_hidden_state").toFloatArray())
        .containsExactly(recorded.floats("out.vision.last_hidden_state"), within(TOLERANCE));
    for (int i = 0; i <= 2; i++) {
      assertThat(outputs.get("hidden_states." + i).toFloatArray())
          .containsExactly(recorded.floats("out.vision.hidden_states." + i), within(TOLERANCE));
    }
  }

  @Test
  void theEmbeddingAloneIsTheSame() throws Exception {
    RecordedTensors recorded = RecordedTensors.read(HUGGING_FACE + "/io.safetensors", manager);
    try (RobustClipEncoder encoder = load(HUGGING_FACE)) {
      OnnxExport.vision(encoder).outputs("image_embeds").write(file());
    }
    assertThat(run(Map.of("pixel_values", recorded.tensor("pixel_values"))))
        .containsOnlyKeys("image_embeds");
    assertThat(
            run(Map.of("pixel_values", recorded.tensor("pixel_values").get("1:2")))
                .get("image_embeds")
                .toFloatArray())
        .containsExactly(
            recorded.tensor("out.image_features_unnormalized").get("1").toFloatArray(),
            within(TOLERANCE));
  }

  @Test
  void theTextTowerGivesTransformersNumbers() throws Exception {
    RecordedTensors recorded = RecordedTensors.read(HUGGING_FACE + "/io.safetensors", manager);
    Map<String, NDArray> outputs = exportAndRunText(HUGGING_FACE, recorded.ids("input_ids"));
    assertThat(outputs.get("text_embeds").toFloatArray())
        .containsExactly(recorded.floats("out.text_features_unnormalized"), within(TOLERANCE));
    assertThat(outputs.get("last_hidden_state").getShape()).isEqualTo(new Shape(6, 12, 32));
  }

  @Test
  void theTextTowerHidesPadding() throws Exception {
    RecordedTensors recorded = RecordedTensors.read(HUGGING_FACE + "/io.safetensors", manager);
    try (ClipModel clip =
        ClipModel.load(RobustClipEncoder.builder(RecordedTensors.path(HUGGING_FACE)))) {
      OnnxExport.text(clip).write(file());
    }
    NDArray mask = recorded.ids("attention_mask");
    NDArray tokens =
        run(Map.of("input_ids", recorded.ids("input_ids"), "attention_mask", mask))
            .get("last_hidden_state");
    assertThat(tokens.toFloatArray())
        .containsExactly(recorded.floats("out.text.last_hidden_state"), within(TOLERANCE));
  }

  @Test
  void aTextMayBeShorterThanTheContext() throws Exception {
    NDArray ids = manager.create(new long[] {97, 5, 98}, new Shape(1, 3));
    float[] ours;
    try (ClipModel clip =
        ClipModel.load(RobustClipEncoder.builder(RecordedTensors.path(HUGGING_FACE)))) {
      ours = clip.embedTokens(ids).toFloatArray();
    }
    assertThat(exportAndRunText(HUGGING_FACE, ids).get("text_embeds").toFloatArray())
        .containsExactly(ours, within(TOLERANCE));
  }

  @Test
  void aTowerWithoutEndTokenPoolsAtTheLargestId() throws Exception {
    RecordedTensors recorded = RecordedTensors.read("open_clip_quickgelu/io.safetensors", manager);
    Map<String, NDArray> outputs = exportAndRunText("open_clip_quickgelu", recorded.ids("tokens"));
    assertThat(outputs.get("text_embeds").toFloatArray())
        .containsExactly(recorded.floats("out.text_features"), within(TOLERANCE));
  }

  @Test
  void aConvNextGivesOpenClipsNumbers() throws Exception {
    RecordedTensors recorded = RecordedTensors.read("open_clip_convnext/io.safetensors", manager);
    try (RobustClipEncoder encoder = load("open_clip_convnext")) {
      OnnxExport.vision(encoder)
          .outputs("image_embeds", "hidden_states.0", "hidden_states.2", "last_hidden_state")
          .write(file());
    }
    Map<String, NDArray> outputs = run(Map.of("pixel_values", recorded.tensor("pixel_values")));
    assertThat(outputs.get("image_embeds").toFloatArray())
        .containsExactly(recorded.floats("out.image_features"), within(TOLERANCE));
    Map<String, String> states =
        Map.of("hidden_states.2", "out.after_stage_1", "last_hidden_state", "out.after_stage_3");
    for (Map.Entry<String, String> state : states.entrySet()) {
      NDArray grid = recorded.tensor(state.getValue()); // [N, C, H, W]
      assertThat(outputs.get(state.getKey()).toFloatArray())
          .containsExactly(
              grid.transpose(0, 2, 3, 1).reshape(-1).toFloatArray(), within(TOLERANCE));
    }
  }

  @ParameterizedTest
  @CsvSource({"30, 7, 24, 3, GELU", "48, 16, 64, 4, QUICK_GELU", "64, 8, 96, 2, GELU"})
  void everySizeAndActivationAgreesWithOurs(
      int size, int patch, int width, int heads, Activation activation) throws Exception {
    VitConfig vision = new VitConfig(size, patch, width, 3, heads, 50, 20, activation, 1e-5);
    TextConfig text = new TextConfig(9, 40, 24, 2, 3, 40, 20, activation, 1e-5, OptionalInt.of(39));
    Path model = directory.resolve("model");
    save(new ClipConfig(vision, Optional.of(text), PixelNormalization.CLIP), model);
    NDArray pixels = manager.randomUniform(0, 1, new Shape(5, 3, size, size));
    NDArray ids = manager.create(new long[][] {{38, 3, 39, 0}, {38, 4, 5, 39}});
    try (ClipModel clip = ClipModel.load(RobustClipEncoder.builder(model))) {
      RobustClipEncoder encoder = clip.imageEncoder();
      OnnxExport.vision(encoder).write(file());
      Map<String, NDArray> images = run(Map.of("pixel_values", normalized(pixels)));
      assertThat(images.get("image_embeds").toFloatArray())
          .containsExactly(encoder.embed(pixels).toFloatArray(), within(1e-4f));
      assertThat(images.get("last_hidden_state").toFloatArray())
          .containsExactly(
              encoder.tokens(pixels, TokenLayer.layer(-1).withClassToken()).toFloatArray(),
              within(1e-4f));

      OnnxExport.text(clip).write(file());
      NDArray texts =
          run(Map.of("input_ids", ids, "attention_mask", ids.onesLike())).get("text_embeds");
      assertThat(texts.toFloatArray())
          .containsExactly(clip.embedTokens(ids).toFloatArray(), within(1e-4f));
    }
  }

  @Test
  void aWeightBeyondHalfPrecisionIsRefusedByName() throws Exception {
    try (RobustClipEncoder encoder = load("hf_clip_quick_gelu")) {
      encoder.parameters().get("visual.proj").muli(1e7f);

      assertThatIllegalArgumentException()
          .isThrownBy(() -> OnnxExport.vision(encoder).type(DataType.FLOAT16).write(file()))
          .withMessageContainingAll("visual_projection", "beyond FLOAT16; write FLOAT32");
      assertThat(file()).doesNotExist();
    }
  }

  @Test
  void halfPrecisionIsHalfAsLargeAndClose() throws Exception {
    RecordedTensors recorded = RecordedTensors.read(HUGGING_FACE + "/io.safetensors", manager);
    Path half = directory.resolve("half.onnx");
    try (RobustClipEncoder encoder = load(HUGGING_FACE)) {
      OnnxExport.vision(encoder).write(file());
      OnnxExport.vision(encoder).type(DataType.FLOAT16).write(half);
    }
    assertThat(Files.size(half)).isLessThan(Files.size(file()) * 6 / 10);
    try (OnnxRun run = new OnnxRun(half)) {
      NDArray embeds =
          run.run(Map.of("pixel_values", recorded.tensor("pixel_values")), manager)
              .get("image_embeds");
      NDArray expected = recorded.tensor("out.image_features_unnormalized");
      assertThat(embeds.sub(expected).norm().getFloat() / expected.norm().getFloat())
          .isLessThan(5e-3f);
    }
  }

  @Test
  void halfPrecisionTextIsClose() throws Exception {
    RecordedTensors recorded = RecordedTensors.read(HUGGING_FACE + "/io.safetensors", manager);
    try (ClipModel clip =
        ClipModel.load(RobustClipEncoder.builder(RecordedTensors.path(HUGGING_FACE)))) {
      OnnxExport.text(clip).type(DataType.FLOAT16).outputs("text_embeds").write(file());
    }
    NDArray ids = recorded.ids("input_ids");
    NDArray embeds =
        run(Map.of("input_ids", ids, "attention_mask", ids.onesLike())).get("text_embeds");
    NDArray expected = recorded.tensor("out.text_features_unnormalized");
    assertThat(embeds.sub(expected).norm().getFloat() / expected.norm().getFloat())
        .isLessThan(5e-3f);
  }

  @Test
  void llavasVisionEncoderGivesTransformersImageTokens() throws Exception {
    RecordedTensors recorded = RecordedTensors.read("llava_projector.safetensors", manager);
    Map<String, NDArray> projector = new LinkedHashMap<>();
    for (String name :
        SafetensorsFile.read(RecordedTensors.path("llava_projector.safetensors"))
            .tensors()
            .keySet()) {
      projector.put(name, recorded.tensor(name));
    }
    try (RobustClipEncoder encoder = load(HUGGING_FACE)) {
      OnnxExport.llava(encoder, projector, TokenLayer.LLAVA).write(file());
    }
    NDArray features =
        run(Map.of("pixel_values", recorded.tensor("pixel_values"))).get("image_features");
    assertThat(features.toFloatArray())
        .containsExactly(recorded.floats("projected_patch_tokens"), within(TOLERANCE));
  }

  @Test
  void aProjectorThatDoesNotFitIsRefused() throws Exception {
    try (RobustClipEncoder encoder = load(HUGGING_FACE)) {
      Map<String, NDArray> projector = new LinkedHashMap<>();
      projector.put("model.mm_projector.0.weight", manager.zeros(new Shape(8, 31)));
      projector.put("model.mm_projector.0.bias", manager.zeros(new Shape(8)));
      projector.put("model.mm_projector.2.weight", manager.zeros(new Shape(8, 8)));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> OnnxExport.llava(encoder, projector, TokenLayer.LLAVA))
          .withMessageContaining("linear_2.bias");
      projector.put("model.mm_projector.2.bias", manager.zeros(new Shape(8)));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> OnnxExport.llava(encoder, projector, TokenLayer.LLAVA))
          .withMessageContaining("(8, 31)");
    }
  }

  @Test
  void weightsMayLieBeside() throws Exception {
    RecordedTensors recorded = RecordedTensors.read(HUGGING_FACE + "/io.safetensors", manager);
    try (RobustClipEncoder encoder = load(HUGGING_FACE)) {
      OnnxExport.vision(encoder).externalData(true).write(file());
    }
    assertThat(Files.size(directory.resolve("model.onnx_data"))).isGreaterThan(40_000);
    NDArray embeds =
        run(Map.of("pixel_values", recorded.tensor("pixel_values"))).get("image_embeds");
    assertThat(embeds.toFloatArray())
        .containsExactly(recorded.floats("out.image_features_unnormalized"), within(TOLERANCE));
  }

  @Test
  void theGraphIsSpeltForOptimisers() throws Exception {
    try (RobustClipEncoder encoder = load(HUGGING_FACE)) {
      OnnxExport.vision(encoder).outputs("last_hidden_state").write(file());
    }
    OnnxMl.ModelProto model;
    try (InputStream in = Files.newInputStream(file())) {
      model = OnnxMl.ModelProto.parseFrom(in);
    }
    assertThat(model.getOpsetImport(0).getVersion()).isEqualTo(17);
    List<String> operators =
        model.getGraph().getNodeList().stream().map(OnnxMl.NodeProto::getOpType).toList();
    assertThat(operators).filteredOn("LayerNormalization"::equals).hasSize(5);
    assertThat(operators).filteredOn("Softmax"::equals).hasSize(2);
    // patches to rows; queries, keys, values and their mixture of each block
    assertThat(operators).filteredOn("Transpose"::equals).hasSize(1 + 2 * 4);
    assertThat(operators).doesNotContain("Identity", "Cast", "Shape");
    assertThat(model.getGraph().getInitializerList().stream().map(OnnxMl.TensorProto::getName))
        .contains(
            "vision_model.embeddings.patch_embedding.weight",
            "vision_model.encoder.layers.1.layer_norm2.bias");
    assertThat(model.getGraph().getInput(0).getType().getTensorType().getShape().getDim(0))
        .extracting(OnnxMl.TensorShapeProto.Dimension::getDimParam)
        .isEqualTo("batch_size");
  }

  @Test
  void anUnknownOutputIsRefused() throws Exception {
    try (RobustClipEncoder encoder = load(HUGGING_FACE)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> OnnxExport.vision(encoder).outputs("hidden_states.3"))
          .withMessageContaining("hidden_states.2")
          .withMessageContaining("[hidden_states.3]");
    }
  }

  private Path file() {
    return directory.resolve("model.onnx");
  }

  private Map<String, NDArray> run(Map<String, NDArray> inputs) throws Exception {
    try (OnnxRun run = new OnnxRun(file())) {
      return run.run(inputs, manager);
    }
  }

  private Map<String, NDArray> exportAndRunText(String model, NDArray ids) throws Exception {
    try (ClipModel clip = ClipModel.load(RobustClipEncoder.builder(RecordedTensors.path(model)))) {
      OnnxExport.text(clip).write(file());
    }
    return run(Map.of("input_ids", ids, "attention_mask", ids.onesLike()));
  }

  private static RobustClipEncoder load(String model) throws Exception {
    return RobustClipEncoder.load(RecordedTensors.path(model));
  }

  private void save(ClipConfig config, Path model) throws Exception {
    Map<String, NDArray> weights = ClipInitialization.random(config, 7, manager);
    // biases and norms start as zeros and ones, which would hide that they are swapped
    weights.replaceAll((name, w) -> w.add(manager.randomUniform(-0.1f, 0.1f, w.getShape())));
    HuggingFaceWriter.write(config, weights, Optional.empty(), model);
  }

  private NDArray normalized(NDArray pixels) {
    NDArray mean = manager.create(new float[] {0.48145466f, 0.4578275f, 0.40821073f});
    NDArray std = manager.create(new float[] {0.26862954f, 0.26130258f, 0.27577711f});
    return pixels.sub(mean.reshape(1, 3, 1, 1)).div(std.reshape(1, 3, 1, 1));
  }
}
