package dev.fare.torch;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import dev.fare.AdaptedModel;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecordedBlockTest {

  /** In training it would return zeros. */
  private static final TorchSource MEANS =
      new TorchSource(
          "means.py",
          """
          class Means(Module):
            __parameters__ = []
            __buffers__ = []
            training : bool

            def forward(self: __torch__.Means, x: Tensor) -> Tensor:
              y = torch.mean(x * x, [2, 3])
              if self.training:
                y = torch.zeros_like(y)
              return y
          """);

  private final NDManager manager = NDManager.newBaseManager("PyTorch");

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void differentiatesATorchScriptFileInInferenceMode(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("means.pt");
    write(new TorchObject(MEANS, "Means", Map.of("training", true)), file);
    try (AdaptedModel model =
        AdaptedModel.builder(file)
            .imageSize(2)
            .normalize(new float[] {0.5f, 0, 0}, new float[] {0.5f, 1, 2})
            .build()) {
      assertThat(model.embeddingSize()).isEqualTo(3);
      try (GradMode on = GradMode.enableGrad()) {
        NDArray x = Autograd.leaf(manager.ones(new Shape(1, 3, 2, 2)));

        NDArray output = model.embed(x);
        NDArray gradient = Autograd.gradient(output.sum(), x);

        assertThat(output.toFloatArray()).containsExactly(1, 1, 0.25f);
        // d/dx of ((x - mean) / deviation)^2 / 4
        assertThat(gradient.get(0).get(":,0,0").toFloatArray())
            .containsExactly(new float[] {1, 0.5f, 0.125f}, within(1e-6f));
      }
    }
  }

  @Test
  void differentiatesADjlBlockWithoutDropout() throws Exception {
    SequentialBlock block =
        new SequentialBlock()
            .add(Blocks.batchFlattenBlock())
            .add(Dropout.builder().optRate(0.9f).build())
            .add(Linear.builder().setUnits(2).optBias(false).build());
    block.initialize(manager, DataType.FLOAT32, new Shape(1, 3, 1, 1));
    NDArray weight = block.getParameters().valueAt(0).getArray(); // [2,3]
    try (AdaptedModel model = AdaptedModel.builder(block).imageSize(1).build();
        GradMode on = GradMode.enableGrad()) {
      NDArray x = Autograd.leaf(manager.ones(new Shape(1, 3, 1, 1)));

      NDArray logits = model.logits(x);
      NDArray gradient = Autograd.gradient(logits.get(":,1").sum(), x);

      assertThat(logits.toFloatArray())
          .containsExactly(weight.sum(new int[] {1}).toFloatArray(), within(1e-6f));
      assertThat(gradient.toFloatArray()).containsExactly(weight.get(1).toFloatArray());
    }
  }

  /** Written on a GPU, and its tensors are no parameters: such a file loads anywhere. */
  @Test
  void movesEveryTensorOfAFileToTheDevice(@TempDir Path directory) throws Exception {
    TorchSource source =
        new TorchSource(
            "scaled.py",
            """
            class Scaled(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
              table : List[Tensor]

              def forward(self: __torch__.Scaled, x: Tensor) -> Tensor:
                return torch.mean(x * self.table[0], [2, 3])
            """);
    Path file = directory.resolve("scaled.pt");
    write(
        new TorchObject(
            source, "Scaled", Map.of("table", List.of(manager.create(new float[] {1, 2})))),
        file);
    Path elsewhere = directory.resolve("elsewhere.pt");
    relocate(file, elsewhere, "cuda:0");

    for (Path given : List.of(file, elsewhere)) {
      try (RecordedBlock block = RecordedBlock.load(given, manager.getDevice())) {
        NDArray output = block.forward(manager.ones(new Shape(1, 3, 2, 2)));

        assertThat(output.toFloatArray()).containsExactly(1.5f, 1.5f, 1.5f);
      }
    }
  }

  /** Rewrites where the tensors of a file were when it was written. */
  private static void relocate(Path from, Path to, String device) throws Exception {
    try (ZipFile given = new ZipFile(from.toFile());
        ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(to))) {
      for (ZipEntry entry : Collections.list(given.entries())) {
        byte[] bytes = given.getInputStream(entry).readAllBytes();
        if (entry.getName().endsWith("data.pkl")) {
          String text = new String(bytes, ISO_8859_1);
          // a pickled string: X, its length in four bytes, its characters
          bytes =
              text.replace("X\3\0\0\0cpu", "X" + (char) device.length() + "\0\0\0" + device)
                  .getBytes(ISO_8859_1);
          assertThat(bytes).hasSizeGreaterThan(text.length());
        }
        ZipEntry stored = new ZipEntry(entry.getName());
        stored.setMethod(ZipEntry.STORED);
        stored.setSize(bytes.length);
        CRC32 crc = new CRC32();
        crc.update(bytes);
        stored.setCrc(crc.getValue());
        out.putNextEntry(stored);
        out.write(bytes);
        out.closeEntry();
      }
    }
  }

  @Test
  void takesTheDeviceOfABlocksParameters() throws Exception {
    SequentialBlock block =
        new SequentialBlock()
            .add(Blocks.batchFlattenBlock())
            .add(Linear.builder().setUnits(2).optBias(false).build());
    try (NDManager cpu = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      block.initialize(cpu, DataType.FLOAT32, new Shape(1, 3, 1, 1));
      try (AdaptedModel model = AdaptedModel.builder(block).imageSize(1).build()) {
        assertThat(model.device()).isEqualTo(Device.cpu());
        assertThatThrownBy(() -> model.embed(ClaimedDevice.gpu(cpu.ones(new Shape(1, 3, 1, 1)))))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("the model is on cpu(), got an array (1, 3, 1, 1) on gpu(0)");
      }
      assertThatThrownBy(
              () -> AdaptedModel.builder(block).imageSize(1).device(Device.gpu(7)).build())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "device must be the block's own, cpu(), where its parameters are, got gpu(7)");
    }
  }

  @Test
  void loadsAFileOntoTheDefaultDevice(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("means.pt");
    write(new TorchObject(MEANS, "Means", Map.of()), file);
    try (AdaptedModel model = AdaptedModel.builder(file).imageSize(2).build()) {
      assertThat(model.device()).isEqualTo(Engine.getEngine("PyTorch").defaultDevice());
    }
  }

  @Test
  void saysWhatAModelMustReturn(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("means.pt");
    TorchSource wrong =
        new TorchSource("wrong.py", MEANS.text().replace("y = torch.mean(x * x, [2, 3])", "y = x"));
    write(new TorchObject(wrong, "Means", Map.of()), file);
    Path broken = Files.writeString(directory.resolve("broken.pt"), "no archive");

    assertThatThrownBy(() -> AdaptedModel.builder(file).imageSize(2).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("turned (1, 3, 2, 2) into (1, 3, 2, 2)");
    assertThatThrownBy(() -> AdaptedModel.builder(broken).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("is not a TorchScript file that libtorch can load");
    assertThatThrownBy(() -> AdaptedModel.builder(directory.resolve("none.pt")).build())
        .isInstanceOf(NoSuchFileException.class);
  }

  private static void write(TorchObject module, Path file) throws Exception {
    try (OutputStream out = Files.newOutputStream(file)) {
      TorchArchiveWriter.writeModule(module, out);
    }
  }
}
