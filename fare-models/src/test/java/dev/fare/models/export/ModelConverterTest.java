package dev.fare.models.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.common.primitives.Bytes;
import dev.fare.models.ClipCheckpoints;
import dev.fare.models.RecordedTensors;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.VisionTowerFile;
import dev.fare.models.export.Conversion.Compared;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.torch.RecordedBlock;
import dev.fare.torch.TorchArchiveWriter;
import dev.fare.torch.TorchObject;
import dev.fare.torch.TorchSource;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ModelConverterTest {

  private static final String MODEL = "hf_clip_quick_gelu";

  @TempDir Path directory;
  private NDManager manager;
  private RecordedTensors recorded;

  @BeforeEach
  void open() throws Exception {
    manager = NDManager.newBaseManager("PyTorch");
    recorded = RecordedTensors.read(MODEL + "/io.safetensors", manager);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @EnumSource(
      value = ModelFormat.class,
      names = {"HUGGING_FACE", "OPEN_CLIP"})
  void aWholeModelComesBackWithTheSameBits(ModelFormat format) throws Exception {
    Path first = directory.resolve("first");
    Path second = directory.resolve("second");
    Conversion there = ModelConverter.of(model()).write(format, first);
    ModelConverter.of(first).write(ModelFormat.HUGGING_FACE, second);

    assertThat(there.difference()).isZero();
    assertSameTensors(ClipCheckpoints.read(model()), ClipCheckpoints.read(second));
  }

  @ParameterizedTest
  @EnumSource(
      value = ModelFormat.class,
      names = {"VISION_TORCH", "VISION_SAFETENSORS"})
  void aVisionTowerComesBackOnItsBase(ModelFormat format) throws Exception {
    Path file = directory.resolve("tower");
    assertThat(ModelConverter.of(model()).write(format, file).difference()).isZero();
    ClipCheckpoint base = ClipCheckpoints.read(model());
    ClipCheckpoint tower = VisionTowerFile.read(file, base);

    assertThat(tower.tensor("visual.proj")).isNotSameAs(base.tensor("visual.proj"));
    assertSameTensors(base, tower);
    try (RobustClipEncoder encoder = RobustClipEncoder.builder(tower).load()) {
      assertThat(encoder.embed(recorded.tensor("x01")).toFloatArray())
          .containsExactly(recorded.floats("out.image_features_unnormalized"), within(1e-5f));
    }
  }

  @Test
  void torchScriptIsComparedThroughItsOwnCode() throws Exception {
    Path target = directory.resolve("script");
    Conversion written = ModelConverter.of(model()).write(ModelFormat.TORCHSCRIPT, target);

    assertThat(written.difference()).isLessThan(1e-6);
    assertThat(target.resolve("serving.properties")).exists();
  }

  @Test
  void halfPrecisionRoundsAndSaysByHowMuch() throws Exception {
    Conversion written =
        ModelConverter.of(model())
            .type(DataType.FLOAT16)
            .write(ModelFormat.HUGGING_FACE, directory.resolve("half"));

    assertThat(written.difference()).isBetween(1e-6, 1e-2);
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                ModelConverter.of(model())
                    .type(DataType.FLOAT16)
                    .write(ModelFormat.OPEN_CLIP, directory.resolve("no")));
  }

  @Test
  void onnxAndGgufAreWritten() throws Exception {
    Path onnx = directory.resolve("onnx");
    Path gguf = directory.resolve("mmproj.gguf");
    Path base = RecordedTensors.path("gguf/2025-mmproj-model-f16.gguf");
    ModelConverter converter = ModelConverter.of(model());

    assertThat(converter.write(ModelFormat.ONNX, onnx))
        .isEqualTo(new Conversion(ModelFormat.ONNX, onnx, 0, Compared.WEIGHTS));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> converter.write(ModelFormat.GGUF, gguf))
        .withMessageContaining("mmproj(path)");
    assertThat(converter.mmproj(base).write(ModelFormat.GGUF, gguf).difference()).isLessThan(1e-3);
    assertThat(gguf).hasSameBinaryContentAs(base);
  }

  @Test
  void libtorchsOwnUnpicklerReadsOurTensors() throws Exception {
    // the same entries and references as in a state dict, read by libtorch and added up
    TorchSource source =
        new TorchSource(
            "sum.py",
            """
            class Sum(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
              matrix : Tensor
              rows : List[Tensor]

              def forward(self: __torch__.Sum, x: Tensor) -> Tensor:
                return x + torch.matmul(self.matrix, self.rows[1])
            """);
    Path file = directory.resolve("sum.pt");
    NDArray matrix = manager.arange(6f).reshape(3, 2).transpose(); // not contiguous
    NDArray row = manager.create(new float[] {1, 10, 100});
    try (OutputStream out = Files.newOutputStream(file)) {
      TorchArchiveWriter.writeModule(
          new TorchObject(source, "Sum", Map.of("matrix", matrix, "rows", List.of(matrix, row))),
          out);
    }
    try (RecordedBlock sum = RecordedBlock.load(file, manager.getDevice())) {
      assertThat(sum.forward(manager.zeros(new Shape(2))).toFloatArray()).containsExactly(420, 531);
    }
  }

  @Test
  void aStateDictHasTheLayoutOfTorchSave() throws Exception {
    Path file = directory.resolve("tower.pt");
    ModelConverter.of(model()).write(ModelFormat.VISION_TORCH, file);
    byte[] bytes = Files.readAllBytes(file);
    try (ZipFile zip = new ZipFile(file.toFile())) {
      assertThat(zip.getEntry("archive/data.pkl")).isNotNull();
      assertThat(zip.getEntry("archive/constants.pkl")).isNull(); // that would be TorchScript
      assertThat(zip.getInputStream(zip.getEntry("archive/byteorder"))).hasContent("little");
      ZipEntry first = zip.getEntry("archive/data/0"); // class_embedding
      assertThat(first.getMethod()).isEqualTo(ZipEntry.STORED);
      byte[] content = zip.getInputStream(first).readAllBytes();
      assertThat(content).hasSize(32 * Float.BYTES);
      int at = Bytes.indexOf(bytes, content);
      assertThat(at % 64).as("alignment of a tensor in the file").isZero();
    }
  }

  private void assertSameTensors(ClipCheckpoint expected, ClipCheckpoint actual) throws Exception {
    assertThat(actual.tensors().keySet())
        .containsExactlyInAnyOrderElementsOf(expected.tensors().keySet());
    for (String name : expected.tensors().keySet()) {
      assertThat(actual.tensor(name).read(manager).toFloatArray())
          .as(name)
          .containsExactly(expected.tensor(name).read(manager).toFloatArray());
    }
  }

  private static Path model() throws Exception {
    return RecordedTensors.path(MODEL);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "GGUF") // MmprojTest has that one
  void anInterruptedThreadConvertsAndStaysInterrupted(ModelFormat format) throws Exception {
    Path target = directory.resolve("written");
    Conversion written;
    boolean isStillInterrupted;
    Thread.currentThread().interrupt();
    try {
      written = ModelConverter.of(model()).write(format, target);
    } finally {
      isStillInterrupted = Thread.interrupted();
    }
    assertThat(isStillInterrupted).isTrue();
    assertThat(written.difference()).isLessThan(1e-6);
    assertThat(target).exists();
  }
}
