package dev.fare.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

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
import java.util.Map;
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
      TorchArchive.writeModule(module, out);
    }
  }
}
