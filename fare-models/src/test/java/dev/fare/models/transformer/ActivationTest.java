package dev.fare.models.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.torch.TorchModule;
import dev.fare.torch.TorchSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ActivationTest {

  private static final TorchSource CALLER =
      new TorchSource(
              "caller.py",
              """
              class Caller(Module):
                __parameters__ = []
                __buffers__ = []
                training : bool
                quick : bool

                def forward(self: __torch__.Caller, x: Tensor, w: List[Tensor]) -> List[Tensor]:
                  return [__torch__.transformer.add_mlp(x, __torch__.transformer.block(w, 0, 0), self.quick, 1e-5)]
              """)
          .importing(TorchSource.resource(Activation.class, "transformer.py"));

  @Test
  void geluIsTheExactErrorFunctionForm() {
    // x Φ(x), with Φ from tables of the normal distribution
    assertThat(activate(false))
        .containsExactly(
            new float[] {-0.0455003f, -0.1542687f, 0, 0.8413447f, 2.9959503f}, within(1e-6f));
  }

  @Test
  void quickGeluIsTheSigmoidForm() {
    float[] expected = new float[5];
    float[] x = {-2, -0.5f, 0, 1, 3};
    for (int i = 0; i < x.length; i++) {
      expected[i] = (float) (x[i] / (1 + Math.exp(-1.702 * x[i])));
    }

    assertThat(activate(true)).containsExactly(expected, within(1e-6f));
  }

  /** An MLP of identities on a token of zeros, whose normalisation gives the values to activate. */
  private static float[] activate(boolean quick) {
    try (TorchModule module =
            TorchModule.compile(CALLER, "Caller", Map.of("quick", quick), Device.cpu());
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray zeros = manager.zeros(new Shape(5));
      NDArray values = manager.create(new float[] {-2, -0.5f, 0, 1, 3});
      NDArray identity = manager.eye(5);
      List<NDArray> weights =
          List.of(
              zeros.duplicate(),
              zeros.duplicate(),
              zeros.duplicate(),
              zeros.duplicate(),
              zeros.duplicate(),
              zeros.duplicate(),
              zeros.duplicate(),
              values,
              identity,
              zeros.duplicate(),
              identity.duplicate(),
              zeros.duplicate());
      NDArray token = manager.zeros(new Shape(1, 1, 5));
      return module.callList("forward", List.of(token), weights).get(0).toFloatArray();
    }
  }
}
