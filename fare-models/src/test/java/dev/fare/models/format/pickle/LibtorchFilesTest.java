package dev.fare.models.format.pickle;

import static dev.fare.models.format.PickleFiles.latin;
import static dev.fare.models.format.PickleFiles.store;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.JniUtils;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.models.format.PickleFiles;
import dev.fare.models.format.Resources;
import dev.fare.models.format.WeightFile;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchSource;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads what PyTorch's own pickler wrote: libtorch's {@code torch.save} and saved modules. */
class LibtorchFilesTest {

  private static final TorchSource SAVER =
      new TorchSource(
          "saver.py",
          """
          class Saver(Module):
            __parameters__ = []
            __buffers__ = []
            training : bool
            path : str
            def tensors(self: __torch__.Saver, a: Tensor, b: Tensor) -> Tensor:
              torch.save(annotate(Dict[str, Tensor], {
                  "half": a.to(5), "bfloat16": a.to(15), "double": a.to(7), "long": a.to(4),
                  "bool": torch.gt(b, 1.), "whole": a, "row": a[1], "transposed": torch.t(a),
                  "columns": torch.slice(a, 1, 1, 3, 1), "step": torch.slice(b, 0, 0, 4, 2),
                  "expanded": torch.expand(torch.slice(a, 1, 0, 1, 1), [2, 3]),
                  "scalar": torch.sum(b), "empty": torch.slice(b, 0, 0, 0, 1)}), self.path)
              return a
            def wrapped(self: __torch__.Saver, a: Tensor, b: Tensor) -> Tensor:
              torch.save(annotate(Dict[str, Dict[str, Tensor]], {
                  "vision_encoder_state_dict": {"module.a": a, "module.b": b}}), self.path)
              return a
            def whole_tuple(self: __torch__.Saver, a: Tensor, b: Tensor) -> Tensor:
              torch.save((a, b), self.path)
              return a
          """);

  @TempDir Path directory;

  private NDManager manager;
  private NDArray a; // [2,3], 0 to 5
  private NDArray b; // [4], 0 to 3

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    a = manager.arange(6f).reshape(2, 3);
    b = manager.arange(4f);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void readsEveryTypeAndViewOfAStateDict() throws IOException {
    Map<String, LazyTensor> tensors = WeightFile.read(save("tensors")).tensors();

    assertThat(tensors).hasSize(13);
    for (String name : new String[] {"half", "bfloat16", "double", "long", "whole"}) {
      assertThat(read(tensors, name)).as(name).isEqualTo(a);
    }
    assertThat(read(tensors, "bool").toFloatArray()).containsExactly(0, 0, 1, 1);
    assertThat(read(tensors, "row").toFloatArray()).containsExactly(3, 4, 5);
    assertThat(read(tensors, "transposed")).isEqualTo(a.transpose());
    assertThat(read(tensors, "columns")).isEqualTo(a.get(":, 1:3"));
    assertThat(read(tensors, "step").toFloatArray()).containsExactly(0, 2);
    assertThat(read(tensors, "expanded").toFloatArray()).containsExactly(0, 0, 0, 3, 3, 3);
    assertThat(read(tensors, "scalar").getFloat()).isEqualTo(6);
    assertThat(read(tensors, "empty").getShape().getShape()).containsExactly(0);
  }

  @Test
  void readsAStateDictThatIsWrapped() throws IOException {
    Map<String, LazyTensor> tensors = WeightFile.read(save("wrapped")).tensors();

    assertThat(tensors).containsOnlyKeys("a", "b");
    assertThat(read(tensors, "a")).isEqualTo(a);
    assertThat(read(tensors, "b")).isEqualTo(b);
  }

  @Test
  void refusesWhatIsNoStateDict() throws IOException {
    Path file = save("whole_tuple");

    assertThatThrownBy(() -> WeightFile.read(file))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("must hold a state dict");
  }

  @Test
  void readsAModuleOfModules() throws Exception {
    Path saved = directory.resolve("saved.pt");
    try (Model model = Model.newInstance("nested", "PyTorch");
        OutputStream out = Files.newOutputStream(saved)) {
      model.load(writeNestedModule().getParent(), "nested");
      JniUtils.writeModule((PtSymbolBlock) model.getBlock(), out, false);
    }

    WeightFile file = WeightFile.read(saved);

    assertThat(file.tensors()).containsOnlyKeys("inner.weight", "inner.bias");
    assertThat(read(file.tensors(), "inner.weight").toFloatArray()).containsExactly(0, 1, 2, 3);
    assertThat(read(file.tensors(), "inner.bias").toFloatArray()).containsExactly(2, 3);
    assertThat(TorchTensors.module(file.module().orElseThrow(), "inner.gelu"))
        .hasValueSatisfying(gelu -> assertThat(gelu.simpleName()).isEqualTo("QuickGELU"));
  }

  private Path save(String method) {
    Path file = directory.resolve(method + ".pt");
    try (TorchModule saver =
        TorchModule.compile(SAVER, "Saver", Map.of("path", file.toString()), Device.cpu())) {
      saver.call(method, a, b).close();
    }
    return file;
  }

  private NDArray read(Map<String, LazyTensor> tensors, String name) throws IOException {
    return Resources.get(tensors, name).read(manager);
  }

  /** A module with a child and a grandchild, for libtorch to load and to save again. */
  private Path writeNestedModule() throws IOException {
    String code =
        """
        class QuickGELU(Module):
          __parameters__ = []
          __buffers__ = []
          training : bool
        class Inner(Module):
          __parameters__ = ["weight", "bias", ]
          __buffers__ = []
          weight : Tensor
          bias : Tensor
          training : bool
          gelu : __torch__.QuickGELU
        class Outer(Module):
          __parameters__ = []
          __buffers__ = []
          training : bool
          inner : __torch__.Inner
          def forward(self: __torch__.Outer, x: Tensor) -> Tensor:
            return torch.mul(x, self.inner.weight)
        """;
    String gelu = object("QuickGELU", "");
    String inner =
        object(
            "Inner",
            attribute("weight", PickleFiles.tensor("K\0", "K\4\205", "K\1\205"))
                + attribute("bias", PickleFiles.tensor("K\2", "K\2\205", "K\1\205"))
                + attribute("gelu", gelu));
    String pickle = "\200\2" + object("Outer", attribute("inner", inner)) + ".";
    Path file = directory.resolve("nested.pt");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      store(zip, "nested/version", latin("3\n"));
      store(zip, "nested/constants.pkl", latin("\200\2)."));
      store(zip, "nested/data.pkl", latin(pickle));
      store(zip, "nested/data/0", PickleFiles.ZERO_TO_THREE);
      store(zip, "nested/code/__torch__.py", latin(code));
    }
    return file;
  }

  private static String object(String className, String attributes) {
    return "c__torch__\n"
        + className
        + "\n)\201}("
        + attribute("training", "\211")
        + attributes
        + "ub";
  }

  private static String attribute(String name, String value) {
    return "X" + (char) name.length() + "\0\0\0" + name + value;
  }
}
