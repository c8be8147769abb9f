package dev.fare.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class TorchModuleTest {

  private static final TorchSource LINEAR =
      new TorchSource(
          "linear.py",
          """
          def twice(x: Tensor) -> Tensor:
            return x + x

          class Linear(Module):
            __parameters__ = []
            __buffers__ = []
            training : bool
            params : List[Tensor]
            scale : float
            shift : int
            squared : bool

            def bind(self: __torch__.Linear, p: List[Tensor]) -> Tensor:
              self.params = p
              return p[0]

            def forward(self: __torch__.Linear, x: Tensor) -> Tensor:
              y = torch.matmul(__torch__.twice(x), self.params[0]) * self.scale + self.shift
              if self.squared:
                y = y * y
              return y
          """);

  @Test
  void computesWithAttributesAndBoundWeights() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        TorchModule module =
            TorchModule.compile(
                LINEAR,
                "Linear",
                Map.of("scale", 0.5, "shift", 3, "squared", true),
                Device.cpu())) {
      NDArray weight = manager.create(new float[] {1, 2, 3, 4}, new Shape(2, 2));
      weight.setName("layer.weight");
      module.bind(List.of(weight));
      NDArray x = manager.create(new float[] {1, -1}, new Shape(1, 2));
      x.setName("a.dotted.name");

      assertThat(module.call("forward", x).toFloatArray()).containsExactly(1, 1);
      assertThat(weight.getName()).isEqualTo("layer.weight");

      weight.muli(2); // same storage: the module sees the update

      assertThat(module.call("forward", x).toFloatArray()).containsExactly(1, 1);
      weight.set(new float[] {0, 0, 0, 1});
      assertThat(module.call("forward", x).toFloatArray()).containsExactly(9, 4);
    }
  }

  /** Freeing what a thread is using would end the process. */
  @Test
  void closingWaitsForTheThreadsThatUseIt() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      TorchModule module =
          TorchModule.compile(
              LINEAR, "Linear", Map.of("scale", 0.5, "shift", 3, "squared", true), Device.cpu());
      module.bind(List.of(manager.ones(new Shape(64, 64))));
      NDArray x = manager.ones(new Shape(64, 64));
      CountDownLatch atWork = new CountDownLatch(8);
      List<Future<Void>> users = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        users.add(
            threads.submit(
                () -> {
                  while (true) {
                    try (NDManager own = manager.newSubManager()) {
                      NDArray pixels = x.stopGradient();
                      pixels.attach(own);
                      module.call("forward", pixels);
                    }
                    atWork.countDown();
                  }
                }));
      }
      atWork.await();
      module.close();

      for (Future<Void> user : users) {
        assertThatThrownBy(user::get)
            .hasCauseInstanceOf(IllegalStateException.class)
            .hasMessageContaining("this model is closed");
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void showsFileAndLineOfAMistake() {
    TorchSource broken =
        new TorchSource("linear.py", LINEAR.text().replace("return x + x", "return x + z"));

    assertThatThrownBy(
            () ->
                TorchModule.compile(
                    broken,
                    "Linear",
                    Map.of("scale", 1.0, "shift", 0, "squared", false),
                    Device.cpu()))
        .isInstanceOf(TorchCompilationException.class)
        .hasMessageContaining("linear.py does not compile")
        .hasMessageContaining("undefined value z")
        .hasMessageContaining("linear.py\", line 2")
        .hasMessageContaining("~ <--- HERE");
  }

  @Test
  void refusesAnAttributeOfAnotherType() {
    assertThatThrownBy(
            () -> TorchModule.compile(LINEAR, "Linear", Map.of("scale", 1L), Device.cpu()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(
            "attribute scale must be a Boolean, Integer, Double, String, NDArray");
  }
}
