package dev.fare.models.format.pickle;

import static dev.fare.models.format.PickleFiles.latin;
import static dev.fare.models.format.PickleFiles.store;
import static dev.fare.models.format.PickleFiles.tensor;
import static dev.fare.models.format.TensorAssertions.assertSameBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.fare.image.PixelNormalization;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.io.SafetensorsFile;
import dev.fare.io.StrictJson;
import dev.fare.models.ClipCheckpoints;
import dev.fare.models.VisionTowerFile;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.PickleFiles;
import dev.fare.models.format.Resources;
import dev.fare.models.format.TensorAssertions;
import dev.fare.models.format.WeightFile;
import dev.fare.models.text.TextConfig;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VitConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TorchFileTest {

  @TempDir Path directory;

  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void readsAStateDictWithViewsTransposesAndParameters() throws IOException {
    Map<String, LazyTensor> expected =
        SafetensorsFile.read(Resources.path("visual_tiny.safetensors")).tensors();

    Map<String, LazyTensor> actual =
        WeightFile.read(Resources.path("torch/fare_tiny.pt")).tensors();

    assertSameBits(manager, expected, actual);
  }

  @ParameterizedTest
  @ValueSource(strings = {"fare_tiny_legacy.pt", "fare_tiny_wrapped.pt"})
  void readsLegacyAndWrappedFilesInHalfPrecision(String name) throws IOException {
    Map<String, LazyTensor> expected =
        SafetensorsFile.read(Resources.path("visual_tiny.safetensors")).tensors();

    Map<String, LazyTensor> actual = WeightFile.read(Resources.path("torch/" + name)).tensors();

    assertThat(actual).containsOnlyKeys(expected.keySet());
    for (String tensor : expected.keySet()) {
      float[] exact = Resources.get(expected, tensor).read(manager).toFloatArray();
      float[] half = Resources.get(actual, tensor).read(manager).toFloatArray();
      for (int i = 0; i < exact.length; i++) {
        // Half precision keeps eleven bits; below 2^-14 its steps are 2^-24.
        assertThat(half[i])
            .as(tensor)
            .isCloseTo(exact[i], within(Math.abs(exact[i]) / 2048 + 0x1p-24f));
      }
    }
  }

  @Test
  void readsAnOpenAiArchiveWithoutItsCode() throws IOException {
    ClipCheckpoint checkpoint = ClipCheckpoints.read(Resources.path("torch/openai_tiny.pt"));

    assertThat(checkpoint.config())
        .isEqualTo(
            new ClipConfig(
                new VitConfig(12, 4, 64, 1, 1, 96, 16, Activation.QUICK_GELU, 1e-5),
                Optional.of(
                    new TextConfig(
                        7, 30, 64, 1, 1, 96, 16, Activation.QUICK_GELU, 1e-5, OptionalInt.empty())),
                PixelNormalization.CLIP));
    JsonObject expected = StrictJson.read(Resources.path("torch/openai_tiny.expected.json"));
    assertThat(checkpoint.tensors()).containsOnlyKeys(expected.keySet());
    for (String name : expected.keySet()) {
      JsonArray sumAndLast = expected.getAsJsonArray(name);
      float[] values = checkpoint.tensor(name).read(manager).toFloatArray();
      double sum = 0;
      for (float value : values) {
        sum += value;
      }
      assertThat(sum).as(name).isCloseTo(sumAndLast.get(0).getAsDouble(), within(1e-9));
      assertThat(values[values.length - 1]).isEqualTo(sumAndLast.get(1).getAsFloat());
    }
  }

  @Test
  void refusesAnArchiveWhoseActivationIsUnknown() throws IOException {
    byte[] bytes = Files.readAllBytes(Resources.path("torch/openai_tiny.pt"));
    byte[] other = replace(bytes, "QuickGELU", "SwiftGELU");
    Path file = Files.write(directory.resolve("x.pt"), other);

    assertThatThrownBy(() -> ClipCheckpoints.read(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("must be a QuickGELU or a GELU, got SwiftGELU");
  }

  @Test
  void refusesAnArchiveWhosePatchesAreBeyondAnyImage() throws IOException {
    Path file = Resources.path("torch/openai-patch-size-2-30.pt");

    assertThatThrownBy(() -> ClipCheckpoints.read(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(file.toString());
  }

  @Test
  void putsAPublishedVisionTowerOntoItsBase() throws IOException {
    ClipCheckpoint base =
        ClipCheckpoints.read(Resources.path("clip_tiny.safetensors"), tinyConfig());

    ClipCheckpoint tuned = VisionTowerFile.read(Resources.path("torch/fare_tiny.pt"), base);

    assertThat(tuned.config()).isEqualTo(base.config());
    assertThat(tuned.tensors().keySet()).isEqualTo(base.tensors().keySet());
    NDArray expected =
        Resources.get(
                SafetensorsFile.read(Resources.path("visual_tiny.safetensors")).tensors(), "proj")
            .read(manager);
    assertThat(tuned.tensor("visual.proj").read(manager)).isEqualTo(expected);
    assertThat(tuned.tensor("text_projection").read(manager))
        .isEqualTo(base.tensor("text_projection").read(manager));
  }

  @Test
  void writesAVisionTowerUnderTheNamesOfThePublishedFiles() throws IOException {
    ClipCheckpoint base =
        ClipCheckpoints.read(Resources.path("clip_tiny.safetensors"), tinyConfig());
    Path file = directory.resolve("tower.safetensors");

    VisionTowerFile.write(base.config(), TensorAssertions.readAll(manager, base.tensors()), file);

    assertThat(SafetensorsFile.read(file).tensors().keySet())
        .containsExactlyInAnyOrderElementsOf(
            SafetensorsFile.read(Resources.path("visual_tiny.safetensors")).tensors().keySet());
    assertSameBits(manager, base.tensors(), VisionTowerFile.read(file, base).tensors());
  }

  @Test
  void refusesAVisionTowerOfAnotherArchitecture() throws IOException {
    ClipCheckpoint base = ClipCheckpoints.read(Resources.path("hf_clip_quick_gelu"));

    assertThatThrownBy(() -> VisionTowerFile.read(Resources.path("torch/fare_tiny.pt"), base))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("'visual.transformer.resblocks.0.mlp.c_fc.weight' has the shape")
        .hasMessageContaining("hf_clip_quick_gelu");
  }

  @Test
  void asksForAnArchitectureWhereNoneIsSettled() {
    assertThatThrownBy(() -> ClipCheckpoints.read(Resources.path("torch/fare_tiny.pt")))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("brings no configuration")
        .hasMessageContaining("VisionTowerFile");
  }

  @Test
  void readsATensorOfAMinimalPickle() throws IOException {
    Map<String, LazyTensor> tensors =
        WeightFile.read(pickled("}(X\1\0\0\0a" + tensor("K\0", "K\2K\2\206", "K\2K\1\206") + "u."))
            .tensors();

    LazyTensor tensor = Resources.get(tensors, "a");
    assertThat(tensor.shape()).isEqualTo(new Shape(2, 2));
    assertThat(tensor.read(manager).toFloatArray()).containsExactly(0, 1, 2, 3);
  }

  @ParameterizedTest
  @CsvSource({"posix, system", "builtins, eval", "torch, load", "torch.storage, _load_from_bytes"})
  void refusesEveryOtherGlobalByName(String module, String name) throws IOException {
    Path file = pickled("c" + module + "\n" + name + "\nX\2\0\0\0id\205R.");

    assertThatThrownBy(() -> WeightFile.read(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(module + "." + name);
  }

  @Test
  void refusesGlobalsThatComeFromTheStack() throws IOException {
    Path file = pickled("\214\5posix\214\6system\223\214\2id\205R.");

    assertThatThrownBy(() -> WeightFile.read(file)).hasMessageContaining("posix.system");
  }

  static Stream<List<String>> brokenPickles() {
    return Stream.of(
        List.of("X....", "claims 774778414 bytes"),
        List.of("\216aaaaaaaa.", "claims 7016996765293437281 bytes"),
        List.of("i__main__\nA\n.", "opcode 105"),
        List.of("(K\1o.", "opcode 111"),
        List.of("P0\n.", "opcode 80"),
        List.of("\202\1.", "opcode 130"),
        List.of("0.", "damaged near byte"),
        List.of("].", "must hold a state dict"),
        List.of("N.", "must hold a state dict"),
        List.of("}(X\1\0\0\0aK\1u.", "'a' of the state dict is no tensor"),
        List.of("}(]K\1u.", "names or numbers as keys"),
        List.of("}(K\1u.", "damaged"),
        List.of("](K\1)R.", "calls something that is no function"),
        List.of("K\1}b.", "changes something that is no module"),
        List.of("K\1Q.", "no storage of PyTorch"),
        List.of("h\7.", "damaged"),
        List.of("}", "damaged"),
        List.of("}.", "there is no tensor in it"));
  }

  @ParameterizedTest
  @MethodSource("brokenPickles")
  void refusesBrokenPickles(List<String> row) throws IOException {
    Path file = pickled(row.get(0));

    assertThatThrownBy(() -> WeightFile.read(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(row.get(1));
  }

  static Stream<List<String>> brokenTensors() {
    return Stream.of(
        List.of("K\0", "K\3K\2\206", "K\2K\1\206", "has 6 numbers and its storage 0 only 4"),
        List.of("K\1", "K\2K\2\206", "K\2K\1\206", "needs numbers 1 to 5 of a storage of 4"),
        List.of("K\0", "K\2K\2\206", "K\3K\1\206", "needs numbers 0 to 5 of a storage of 4"),
        List.of("K\2", "K\2\205", "K\2\205", "needs numbers 2 to 5 of a storage of 4"),
        List.of("K\0", "K\2\205", "\212\10\377\377\377\377\377\377\377\177\205", "beyond 64 bits"),
        List.of("K\0", "K\2K\2\206", "K\1\205", "another number of strides"),
        List.of("J\377\377\377\377", "K\2\205", "K\1\205", "whole number from 0"),
        List.of("K\0", "J\377\377\377\377\205", "K\1\205", "whole number from 0"),
        List.of("K\0", "N", "K\1\205", "tuple of up to 64"),
        List.of("X\1\0\0\0a", "K\2\205", "K\1\205", "whole number from 0"));
  }

  @ParameterizedTest
  @MethodSource("brokenTensors")
  void refusesTensorsBeyondTheirStorage(List<String> row) throws IOException {
    String tensor = tensor(row.get(0), row.get(1), row.get(2));
    Path file = pickled("}(X\1\0\0\0a" + tensor + "u.");

    assertThatThrownBy(() -> WeightFile.read(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(row.get(3));
  }

  @Test
  void readsEndlesslySharedListsInNoTime() throws IOException {
    StringBuilder pickle = new StringBuilder("]q\0");
    for (int i = 0; i < 60; i++) {
      pickle.append("h\0h\0\206q\0"); // a pair of the pair before
    }

    assertThatThrownBy(() -> WeightFile.read(pickled(pickle + ".")))
        .hasMessageContaining("must hold a state dict");
    assertThatThrownBy(() -> WeightFile.read(pickled("}(" + pickle + "K\1u.")))
        .hasMessageContaining("names or numbers as keys");
  }

  @Test
  void refusesArchivesWhoseEntriesClaimTooMuch() throws IOException {
    byte[] zeros = new byte[4 << 20];
    Path bomb = directory.resolve("bomb.pt");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(bomb))) {
      zip.putNextEntry(new ZipEntry("a/data.pkl"));
      zip.write(zeros);
    }
    assertThatThrownBy(() -> WeightFile.read(bomb))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("a/data.pkl claims 4194304 bytes from");
  }

  @ParameterizedTest
  @CsvSource({
    "a/other.pkl, there is none, this one has none",
    "a/data.pkl b/data.pkl, two, there are two pickles",
    "a/data.pkl, big, byte order big",
    "a/data.pkl, no storage, lies in a/data/0",
    "a/data.pkl, short storage, which must have 4 numbers of type F32 but has 8 bytes",
  })
  void refusesArchivesOfAnotherBuild(String entries, String kind, String message)
      throws IOException {
    Path file = directory.resolve("x.pt");
    String pickle = "}(X\1\0\0\0a" + tensor("K\0", "K\4\205", "K\1\205") + "u.";
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      for (String entry : entries.split(" ")) {
        store(zip, entry, latin(pickle));
      }
      store(zip, "a/byteorder", latin(kind.equals("big") ? "big" : "little"));
      if (kind.equals("short storage")) {
        store(zip, "a/data/0", new byte[8]);
      }
    }

    assertThatThrownBy(() -> WeightFile.read(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"fare_tiny.pt", "fare_tiny_legacy.pt", "fare_tiny_wrapped.pt", "openai_tiny.pt"})
  void refusesEveryCutOfAFile(String name) throws IOException {
    byte[] whole = Files.readAllBytes(Resources.path("torch/" + name));
    for (int part = 0; part < 50; part++) {
      Path file = directory.resolve(name);
      Files.write(file, Arrays.copyOf(whole, whole.length * part / 50));
      assertThatThrownBy(() -> WeightFile.read(file))
          .as("%s cut at %s", name, part)
          .isInstanceOf(ModelFormatException.class);
    }
  }

  private static ClipConfig tinyConfig() {
    return new ClipConfig(
        new VitConfig(32, 8, 32, 2, 2, 128, 16, Activation.QUICK_GELU, 1e-5),
        Optional.of(
            new TextConfig(
                12, 64, 32, 2, 2, 128, 16, Activation.QUICK_GELU, 1e-5, OptionalInt.empty())),
        PixelNormalization.CLIP);
  }

  private Path pickled(String pickle) throws IOException {
    return PickleFiles.write(directory.resolve("pickled.pt"), latin("\200\2" + pickle));
  }

  private static byte[] replace(byte[] bytes, String from, String to) {
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    return latin(text.replace(from, to));
  }

  @Test
  void damageInACompressedEntryNamesFileAndTensor() throws Exception {
    byte[] bytes;
    try (ZipFile stored = new ZipFile(Resources.path("torch/fare_tiny.pt").toFile())) {
      ByteArrayOutputStream deflated = new ByteArrayOutputStream();
      try (ZipOutputStream zip = new ZipOutputStream(deflated)) {
        for (ZipEntry entry : Collections.list(stored.entries())) {
          zip.putNextEntry(new ZipEntry(entry.getName()));
          stored.getInputStream(entry).transferTo(zip);
        }
      }
      bytes = deflated.toByteArray();
    }
    String first = "/data/0"; // its local header ends with its name
    int start = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(first) + first.length();
    Arrays.fill(bytes, start, start + 8, (byte) 0xFF);
    Path file = Files.write(directory.resolve("deflated.pt"), bytes);

    Map<String, LazyTensor> tensors = WeightFile.read(file).tensors();

    assertThatThrownBy(() -> TensorAssertions.readAll(manager, tensors))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageStartingWith(file + ": tensor '")
        .hasMessageContaining("is damaged or cut off");
  }
}
