package dev.fare.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.engine.EngineException;
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
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

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

  private static final TorchSource FAILURE =
      new TorchSource(
          "failure.py",
          """
          class Failure(Module):
            __parameters__ = []
            __buffers__ = []
            training : bool

            def fail(self: __torch__.Failure, x: Tensor, more: List[Tensor]) -> Tensor:
              y = x * more[0]
              assert bool(torch.sum(y) < 0.0), "never right"
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

  /** Held by libtorch after a failure, inputs of 256 KB and their graphs would be 1.5 GB here. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void freesItsArgumentsWhereLibtorchThrows() throws Exception {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        TorchModule module = TorchModule.compile(FAILURE, "Failure", Map.of(), Device.cpu());
        GradMode on = GradMode.enableGrad()) {
      NDArray pixels = manager.ones(new Shape(1 << 16));
      failures(100, module, pixels);
      long before = ResidentMemory.bytes();

      failures(3_000, module, pixels);

      // room for the Java heap, which grows by what the exceptions hold
      assertThat(ResidentMemory.bytes() - before).isLessThan(256L << 20);
    }
  }

  private static void failures(int times, TorchModule module, NDArray pixels) {
    for (int i = 0; i < times; i++) {
      try (TensorScope scope = TensorScope.of(pixels)) {
        NDArray x = Autograd.leaf(scope.view(pixels)).mul(2);
        List<NDArray> list = List.of(x.mul(3));
        assertThatThrownBy(() -> module.callList("fail", List.of(x), list))
            .isInstanceOf(EngineException.class)
            .hasMessageContaining("never right");
      }
    }
  }

  @Test
  void refusesAnArrayOnAnotherDeviceThanTheWeights() {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        TorchModule module =
            TorchModule.compile(
                LINEAR,
                "Linear",
                Map.of("scale", 0.5, "shift", 3, "squared", true),
                Device.cpu())) {
      module.bind(List.of(manager.ones(new Shape(2, 2))));

      assertThatThrownBy(
              () -> module.call("forward", ClaimedDevice.gpu(manager.ones(new Shape(1, 2)))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "the model is on cpu(), got an array (1, 2) on gpu(0); create arrays with a manager"
                  + " on the model's device, or move them there with toDevice");
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
