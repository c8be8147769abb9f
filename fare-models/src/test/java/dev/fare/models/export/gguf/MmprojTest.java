package dev.fare.models.export.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.image.PixelNormalization;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.models.RecordedTensors;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.TokenLayer;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VisionTransformer;
import dev.fare.models.vision.VitConfig;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that llama.cpp's own scripts wrote, of the same tower as the recorded CLIP. */
class MmprojTest {

  private static final String F32 = "gguf/2024-mmproj-model-f32.gguf";
  private static final String F16 = "gguf/2025-mmproj-model-f16.gguf";

  @TempDir Path directory;
  private final NDManager manager = NDManager.newBaseManager("PyTorch");

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {F32, F16})
  void theFilesTowerAndProjectorGiveTheExpectedTokens(String name) throws Exception {
    RecordedTensors expected = RecordedTensors.read(name + ".expected.safetensors", manager);
    NDArray tokens = tokens(RecordedTensors.path(name), expected.tensor("pixel_values"));

    assertThat(tokens.toFloatArray())
        .containsExactly(expected.floats("last_block_patch_tokens"), within(2e-5f));
    assertThat(project(RecordedTensors.path(name), tokens).toFloatArray())
        .containsExactly(expected.floats("mm_tokens"), within(2e-5f));
  }

  @ParameterizedTest
  @ValueSource(strings = {F32, F16})
  void puttingInTheSameTowerGivesTheSameBytes(String name) throws Exception {
    Path written = directory.resolve("written.gguf");
    try (RobustClipEncoder encoder = load()) {
      Mmproj.read(RecordedTensors.path(name)).withVisionTower(encoder, written);
    }
    assertThat(written).hasSameBinaryContentAs(RecordedTensors.path(name));
  }

  @Test
  void anotherTowerChangesItsTensorsAlone() throws Exception {
    Path base = RecordedTensors.path(F32);
    Path written = directory.resolve("written.gguf");
    float[] ours;
    try (RobustClipEncoder encoder = load()) {
      NDArray weight = encoder.parameters().get("visual.transformer.resblocks.0.mlp.c_fc.weight");
      weight.muli(2);
      ours = weight.toFloatArray();
      Mmproj.read(base).withVisionTower(encoder, written);
    }
    Map<String, LazyTensor> before = Mmproj.read(base).tensors();
    Map<String, LazyTensor> after = Mmproj.read(written).tensors();

    assertThat(Mmproj.read(written).file().metadata())
        .isEqualTo(Mmproj.read(base).file().metadata());
    assertThat(after.keySet()).containsExactlyElementsOf(before.keySet());
    for (String name : before.keySet()) {
      float[] values = after.get(name).read(manager).toFloatArray();
      if (name.equals("vision_model.encoder.layers.0.mlp.fc1.weight")) {
        assertThat(values).containsExactly(ours);
      } else {
        assertThat(values).as(name).containsExactly(before.get(name).read(manager).toFloatArray());
      }
    }
  }

  @Test
  void theLayerOfTheTokensIsNamedOnRequest() throws Exception {
    Path base = RecordedTensors.path(F32);
    Path written = directory.resolve("written.gguf");
    try (RobustClipEncoder encoder = load()) {
      Mmproj.read(base).withFeatureLayer(TokenLayer.LLAVA).withVisionTower(encoder, written);
      Map<String, Object> expected = new LinkedHashMap<>(Mmproj.read(base).file().metadata());
      expected.put("clip.vision.feature_layer", List.of(1)); // of two blocks
      assertThat(Mmproj.read(written).file().metadata()).isEqualTo(expected);

      Path again = directory.resolve("again.gguf");
      Mmproj.read(written).withFeatureLayer(TokenLayer.LLAVA).withVisionTower(encoder, again);
      assertThat(again).hasSameBinaryContentAs(written);

      Mmproj last = Mmproj.read(base).withFeatureLayer(TokenLayer.layer(2));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> last.withVisionTower(encoder, again))
          .withMessageContaining("clip.vision.block_count is 1")
          .withMessageContaining("at least 2");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {F32, F16})
  void aNewFileHasWhatTheScriptsWrite(String name) throws Exception {
    Path written = directory.resolve("written.gguf");
    GgufFile recorded = Mmproj.read(RecordedTensors.path(name)).file();
    Map<String, LazyTensor> projector = new LinkedHashMap<>();
    Mmproj.read(recorded.path())
        .tensors()
        .forEach(
            (tensor, values) -> {
              if (tensor.startsWith("multi_modal_projector.")) {
                projector.put(tensor.substring("multi_modal_projector.".length()), values);
              }
            });
    DataType type = name.equals(F32) ? DataType.FLOAT32 : DataType.FLOAT16;
    try (RobustClipEncoder encoder = load()) {
      assertThat(Mmproj.write(encoder, projector, TokenLayer.LLAVA, type, written))
          .isLessThan(5e-4);
    }
    GgufFile ours = Mmproj.read(written).file();

    Map<String, Object> metadata = new LinkedHashMap<>(recorded.metadata());
    metadata.put("clip.vision.feature_layer", List.of(1)); // the older script did not
    assertThat(ours.metadata()).isEqualTo(metadata);
    assertThat(ours.tensors()).containsOnlyKeys(recorded.tensors().keySet());
    for (GgufTensor tensor : recorded.tensors().values()) {
      float tolerance = type == DataType.FLOAT32 ? 0 : 1e-3f;
      assertThat(ours.tensor(tensor.name()).read(manager).toFloatArray())
          .as(tensor.name())
          .containsExactly(
              recorded.tensor(tensor.name()).read(manager).toFloatArray(), within(tolerance));
    }
    assertThat(ours.tensors().get("v.blk.0.attn_q.weight").type())
        .isEqualTo(recorded.tensors().get("v.blk.0.attn_q.weight").type());
    assertThat(ours.tensors().get("v.patch_embd.weight").type()).isEqualTo(GgufType.F16);
  }

  @Test
  void theCurrentNamesOfTheMlpAreUnderstood() throws Exception {
    Path current = directory.resolve("current.gguf");
    byte[] bytes = Files.readAllBytes(RecordedTensors.path(F32));
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    for (String kind : List.of(".weight", ".bias")) {
      String down = entry("v.blk.0.ffn_down" + kind);
      String up = entry("v.blk.0.ffn_up" + kind);
      text = text.replace(down, "<swap>").replace(up, down).replace("<swap>", up);
    }
    Files.write(current, text.getBytes(StandardCharsets.ISO_8859_1));
    RecordedTensors expected = RecordedTensors.read(F32 + ".expected.safetensors", manager);

    assertThat(Mmproj.read(current).file().tensors()).containsKey("v.blk.0.ffn_up.weight");
    assertThat(tokens(current, expected.tensor("pixel_values")).toFloatArray())
        .containsExactly(expected.floats("last_block_patch_tokens"), within(2e-5f));
  }

  @Test
  void anEncoderThatComputesSomethingElseIsRefused() throws Exception {
    Path written = directory.resolve("written.gguf");
    Mmproj mmproj = Mmproj.read(RecordedTensors.path(F32));
    try (RobustClipEncoder encoder =
        RobustClipEncoder.builder(RecordedTensors.path("hf_clip_quick_gelu"))
            .imageSize(48)
            .load()) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> mmproj.withVisionTower(encoder, written))
          .withMessageContaining("clip.vision.image_size is 32")
          .withMessageContaining("48");
    }
    Path gelu = patched(F32, "clip.use_gelu", key -> key.put(4, (byte) 1));
    try (RobustClipEncoder encoder = load()) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Mmproj.read(gelu).withVisionTower(encoder, written))
          .withMessageContaining("clip.use_gelu is true");
    }
    assertThat(written).doesNotExist();
  }

  @Test
  void aMatrixOfOneDimensionIsRefusedByName() throws Exception {
    Path file = RecordedTensors.path("gguf/ffn-down-of-one-dimension.gguf");

    assertThatThrownBy(() -> Mmproj.read(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("'v.blk.0.ffn_down.weight' must have 2 dimensions");
  }

  @Test
  void aLyingHeaderIsRefusedByName() throws Exception {
    assertRefused(b -> b.putInt(0, 1), "mark");
    assertRefused(b -> b.putInt(4, 1), "version 1");
    assertRefused(b -> b.putInt(4, 0x03000000), "little-endian");
    assertRefused(b -> b.putLong(8, Long.MAX_VALUE), "tensors");
    assertRefused(b -> b.putLong(8, -1), "tensors");
    assertRefused(b -> b.putLong(16, 1L << 40), "entries of metadata");
    assertRefused(b -> b.putLong(24, 1L << 33), "bytes of a string");
  }

  @Test
  void aTensorThatIsNotWhereItMustBeIsRefused() throws Exception {
    String name = "v.class_embd";
    assertRefused(name, at -> at.putLong(16, 64), name + "' must start at");
    assertRefused(name, at -> at.putLong(16, 4353), name + "' must start at");
    assertRefused(name, at -> at.putInt(12, 99), "unknown type number 99");
    assertRefused(name, at -> at.putInt(12, 31), "unknown type number 31");
    assertRefused(name, at -> at.putInt(0, 5), "1 to 4 dimensions");
    assertRefused(name, at -> at.putLong(4, Long.MAX_VALUE), "no file can hold");
    assertRefused(name, at -> at.putLong(4, 1L << 40), "ends beyond");
  }

  @Test
  void aDamagedHeaderIsRefusedOrReadWithinTheFile() throws Exception {
    byte[] whole = Files.readAllBytes(RecordedTensors.path(F32));
    SplittableRandom random = new SplittableRandom(1);
    Path file = directory.resolve("damaged.gguf");
    int refused = 0;
    for (int i = 0; i < 400; i++) {
      byte[] damaged = whole.clone();
      for (int j = 0; j <= i % 3; j++) {
        damaged[random.nextInt(2144)] = (byte) random.nextInt(256);
      }
      Files.write(file, damaged);
      try {
        for (GgufTensor tensor : GgufFile.read(file).tensors().values()) {
          assertThat(tensor.position() + tensor.bytes()).isLessThanOrEqualTo(whole.length);
        }
      } catch (ModelFormatException e) {
        assertThat(e).hasMessageContaining("damaged.gguf");
        refused++;
      }
    }
    // most bytes are names and values, which may be anything
    assertThat(refused).isBetween(100, 400);
  }

  @Test
  void aFileThatWasCutOffIsRefused() throws Exception {
    byte[] whole = Files.readAllBytes(RecordedTensors.path(F32));
    Path cut = directory.resolve("cut.gguf");
    for (int length : new int[] {0, 23, 24, 700, 2100, whole.length - 64}) {
      Files.write(cut, Arrays.copyOf(whole, length));
      assertThatExceptionOfType(ModelFormatException.class)
          .as("%d bytes", length)
          .isThrownBy(() -> GgufFile.read(cut))
          .withMessageContaining("cut.gguf");
    }
    Files.write(cut, Arrays.copyOf(whole, whole.length + 33));
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> GgufFile.read(cut))
        .withMessageContaining("tensors end at byte");
  }

  @Test
  void aQuantisedTensorIsKeptAndNotRead() throws Exception {
    // a file of one tensor of 2 x 32 numbers in Q8_0: 34 bytes a row
    ByteBuffer bytes = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(GgufHeader.MAGIC).putInt(3).putLong(1).putLong(0);
    bytes.putLong(1).put((byte) 'w').putInt(2).putLong(32).putLong(2).putInt(8).putLong(0);
    bytes.position(96);
    for (int i = 0; i < 68; i++) {
      bytes.put((byte) i);
    }
    Path file = directory.resolve("quantised.gguf");
    Files.write(file, Arrays.copyOf(bytes.array(), 96 + 68));
    GgufFile gguf = GgufFile.read(file);

    assertThat(gguf.tensors().get("w").shape()).isEqualTo(new Shape(2, 32));
    assertThat(gguf.tensors().get("w").bytes()).isEqualTo(68);
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> gguf.tensor("w"))
        .withMessageContaining("Q8_0")
        .withMessageContaining("f16 or f32");

    Path copy = directory.resolve("copy.gguf");
    GgufWriter.write(gguf, new GgufMetadata(), Map.of(), copy);
    assertThat(Files.readAllBytes(copy))
        .startsWith(Files.readAllBytes(file))
        .hasSize(96 + 96); // the last tensor is padded as well
    Path replaced = directory.resolve("replaced.gguf");
    NDArray numbers = manager.arange(64f).reshape(2, 32);
    GgufWriter.write(gguf, new GgufMetadata(), Map.of("w", numbers), replaced);
    assertThat(GgufFile.read(replaced).tensors().get("w").type()).isEqualTo(GgufType.F16);
    assertThat(GgufFile.read(replaced).tensor("w").read(manager)).isEqualTo(numbers);
  }

  private void assertRefused(Consumer<ByteBuffer> damage, String message) throws Exception {
    byte[] bytes = Files.readAllBytes(RecordedTensors.path(F32));
    damage.accept(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
    assertRefused(Files.write(directory.resolve("damaged.gguf"), bytes), message);
  }

  private void assertRefused(String name, Consumer<ByteBuffer> damage, String message)
      throws Exception {
    assertRefused(patched(F32, name, damage), message);
  }

  private static void assertRefused(Path file, String message) {
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> GgufFile.read(file))
        .withMessageContaining(file.getFileName().toString())
        .withMessageContaining(message);
  }

  /** A copy that is changed behind the first occurrence of a name. */
  private Path patched(String file, String name, Consumer<ByteBuffer> change) throws Exception {
    byte[] bytes = Files.readAllBytes(RecordedTensors.path(file));
    int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(name) + name.length();
    change.accept(
        ByteBuffer.wrap(bytes, at, bytes.length - at).slice().order(ByteOrder.LITTLE_ENDIAN));
    return Files.write(directory.resolve("patched.gguf"), bytes);
  }

  /** A name as a header has it, behind its length. */
  private static String entry(String name) {
    return (char) name.length() + "\0".repeat(7) + name;
  }

  private static RobustClipEncoder load() throws Exception {
    return RobustClipEncoder.load(RecordedTensors.path("hf_clip_quick_gelu"));
  }

  /** The patch tokens behind the file's blocks, computed with its own weights. */
  private NDArray tokens(Path file, NDArray pixels) throws Exception {
    Map<String, LazyTensor> stored = Mmproj.read(file).tensors();
    VitConfig config = new VitConfig(32, 8, 32, 1, 2, 64, 16, Activation.QUICK_GELU, 1e-5);
    Map<String, NDArray> weights = new LinkedHashMap<>();
    String embeddings = "vision_model.embeddings.";
    put(weights, "class_embedding", stored, embeddings + "class_embedding");
    put(weights, "conv1.weight", stored, embeddings + "patch_embedding.weight");
    put(weights, "positional_embedding", stored, embeddings + "position_embedding.weight");
    putPair(weights, "ln_pre", stored, "vision_model.pre_layrnorm");
    String block = "transformer.resblocks.0.";
    String layer = "vision_model.encoder.layers.0.";
    putPair(weights, block + "ln_1", stored, layer + "layer_norm1");
    for (String kind : List.of("weight", "bias")) {
      NDList parts = new NDList();
      for (String part : List.of("q", "k", "v")) {
        parts.add(stored.get(layer + "self_attn." + part + "_proj." + kind).read(manager));
      }
      weights.put("visual." + block + "attn.in_proj_" + kind, NDArrays.concat(parts, 0));
    }
    putPair(weights, block + "attn.out_proj", stored, layer + "self_attn.out_proj");
    putPair(weights, block + "ln_2", stored, layer + "layer_norm2");
    putPair(weights, block + "mlp.c_fc", stored, layer + "mlp.fc1");
    putPair(weights, block + "mlp.c_proj", stored, layer + "mlp.fc2");
    // what LLaVA does not read
    weights.put("visual.ln_post.weight", manager.ones(new Shape(32)));
    weights.put("visual.ln_post.bias", manager.zeros(new Shape(32)));
    weights.put("visual.proj", manager.zeros(new Shape(32, 16)));
    PixelNormalization none =
        new PixelNormalization(List.of(0.0, 0.0, 0.0), List.of(1.0, 1.0, 1.0));
    NDManager owner = manager.newSubManager();
    try (VisionTransformer tower = new VisionTransformer(config, none, weights, owner)) {
      return tower.hiddenState(pixels, 1).get(":, 1:");
    }
  }

  private NDArray project(Path file, NDArray tokens) throws Exception {
    Map<String, LazyTensor> stored = Mmproj.read(file).tensors();
    String name = "multi_modal_projector.linear_";
    NDArray inner = linear(tokens, stored, name + "1");
    NDArray gelu = inner.mul(inner.div(Math.sqrt(2)).erf().add(1)).mul(0.5);
    return linear(gelu, stored, name + "2");
  }

  private NDArray linear(NDArray x, Map<String, LazyTensor> stored, String name) throws Exception {
    NDArray weight = stored.get(name + ".weight").read(manager);
    return x.matMul(weight.transpose()).add(stored.get(name + ".bias").read(manager));
  }

  private void putPair(
      Map<String, NDArray> weights, String name, Map<String, LazyTensor> stored, String theirs)
      throws Exception {
    put(weights, name + ".weight", stored, theirs + ".weight");
    put(weights, name + ".bias", stored, theirs + ".bias");
  }

  private void put(
      Map<String, NDArray> weights, String name, Map<String, LazyTensor> stored, String theirs)
      throws Exception {
    weights.put("visual." + name, stored.get(theirs).read(manager));
  }

  @Test
  void anInterruptedThreadReadsAndWrites() throws Exception {
    Path written = directory.resolve("written.gguf");
    try (RobustClipEncoder encoder = load()) {
      Thread.currentThread().interrupt();
      Mmproj.read(RecordedTensors.path(F32)).withVisionTower(encoder, written);
    } finally {
      Thread.interrupted();
    }
    assertThat(written).hasSameBinaryContentAs(RecordedTensors.path(F32));
  }
}
