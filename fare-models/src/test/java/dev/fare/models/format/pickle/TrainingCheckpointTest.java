package dev.fare.models.format.pickle;

import static dev.fare.models.format.PickleFiles.latin;
import static dev.fare.models.format.PickleFiles.tensor;
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
import dev.fare.models.VisionTowerFile;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.PickleFiles;
import dev.fare.models.format.Resources;
import dev.fare.models.format.WeightFile;
import dev.fare.models.text.TextConfig;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VitConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What training scripts save around their weights, and what nobody saves. */
class TrainingCheckpointTest {

  private static final ClipConfig TINY =
      new ClipConfig(
          new VitConfig(32, 8, 32, 2, 2, 128, 16, Activation.QUICK_GELU, 1e-5),
          Optional.of(
              new TextConfig(
                  12, 64, 32, 2, 2, 128, 16, Activation.QUICK_GELU, 1e-5, OptionalInt.empty())),
          PixelNormalization.CLIP);

  @TempDir Path directory;

  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void readsWeightsUnderWrappersBesideHarmlessObjects() throws IOException {
    Path file = Resources.path("torch/training_checkpoint.pt");
    Map<String, LazyTensor> expected =
        SafetensorsFile.read(Resources.path("visual_tiny.safetensors")).tensors();
    ClipCheckpoint base = ClipCheckpoints.read(Resources.path("clip_tiny.safetensors"), TINY);

    Map<String, LazyTensor> actual = WeightFile.read(file).unwrapped();

    assertThat(actual).containsOnlyKeys(expected.keySet());
    assertThat(Resources.get(actual, "proj").read(manager))
        .isEqualTo(Resources.get(expected, "proj").read(manager));
    assertThat(VisionTowerFile.read(file, base).tensor("visual.proj").read(manager))
        .isEqualTo(Resources.get(expected, "proj").read(manager));
  }

  @Test
  void readsExpandedTensors() throws IOException {
    LazyTensor expanded =
        Resources.get(
            WeightFile.read(Resources.path("torch/training_checkpoint.pt")).unwrapped(),
            "ln_pre.weight");

    assertThat(expanded.shape()).isEqualTo(new Shape(32));
    assertThat(expanded.read(manager).toFloatArray()).containsOnly(1);
  }

  @Test
  void refusesExpandedTensorsThatAreFarLargerThanTheirFile() throws IOException {
    String huge = tensor("K\0", "J\0\0\0\100\205", "K\0\205"); // 2^30 times one number
    Path file = pickled("}X\1\0\0\0a" + huge + "s.");

    assertThatThrownBy(() -> WeightFile.read(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("'a' repeats its numbers beyond the size of the file");
  }

  @ParameterizedTest
  @ValueSource(strings = {"numpy.testing\nrunstring", "types\nFunctionType", "builtins\ngetattr"})
  void stillRefusesWhatIsNotHarmless(String name) throws IOException {
    Path file = pickled("}X\1\0\0\0ac" + name + "\n)Rs.");

    assertThatThrownBy(() -> WeightFile.read(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("asks for " + name.replace('\n', '.'));
  }

  @Test
  void anObjectAmongTheWeightsIsNoTensor() throws IOException {
    Path file = pickled("}X\1\0\0\0accollections\nCounter\n)Rs.");

    assertThatThrownBy(() -> WeightFile.read(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("'a' of the state dict is no tensor");
  }

  @Test
  void readsALogitScaleThatIsAListOfOne() throws IOException {
    Map<String, LazyTensor> stored =
        SafetensorsFile.read(Resources.path("clip_tiny.safetensors")).tensors();
    Map<String, NDArray> arrays = new LinkedHashMap<>();
    for (String name : stored.keySet()) {
      arrays.put(name, Resources.get(stored, name).read(manager));
    }
    float scale = Resources.get(arrays, "logit_scale").getFloat();
    arrays.put("logit_scale", manager.create(new float[] {scale}));
    Path file = directory.resolve("clip.safetensors");
    SafetensorsWriter.write(file, arrays);

    NDArray read = ClipCheckpoints.read(file, TINY).tensor("logit_scale").read(manager);

    assertThat(read.getShape()).isEqualTo(new Shape());
    assertThat(read.getFloat()).isEqualTo(scale);
  }

  @Test
  void refusesAPickleThatIsLargerThanItsFile() throws IOException {
    Path file = directory.resolve("lists.pt");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      zip.putNextEntry(new ZipEntry("a/data.pkl"));
      byte[] noise = new byte[3 << 20];
      for (int i = 0; i < noise.length; i++) {
        noise[i] = (byte) (i % 97 == 0 ? i * 31 >> 5 : ']'); // shrinks, but not to a hundredth
      }
      zip.write(noise);
    }

    assertThatThrownBy(() -> WeightFile.read(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("the pickle may have up to 1048576 bytes here");
  }

  @Test
  void refusesMoreValuesThanAnyWeightsHave() throws IOException {
    Path file = pickled("]".repeat(3_100_000));

    assertThatThrownBy(() -> WeightFile.read(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("more than 3000000 values");
  }

  @Test
  void refusesModulesThatAreNestedWithoutEnd() throws IOException {
    int depth = 20_000;
    String module = "c__torch__\nM\n)\201}X\1\0\0\0a";
    Path file = pickled(module.repeat(depth) + "K\1" + "sb".repeat(depth) + ".");

    assertThatThrownBy(() -> WeightFile.read(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("modules are nested until a name has more than 1000 letters");
  }

  private Path pickled(String pickle) throws IOException {
    return PickleFiles.write(directory.resolve("pickled.pt"), latin("\200\2" + pickle));
  }
}
