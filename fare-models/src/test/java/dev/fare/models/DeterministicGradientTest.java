package dev.fare.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What sums in a fixed order computes what the faster kernels compute, on whichever device. */
class DeterministicGradientTest {

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void isTheGradientUpToRoundingAndTheSameEachTime(boolean checkpointing) throws Exception {
    float[] fast = gradient(false, checkpointing);
    float[] ordered = gradient(true, checkpointing);

    assertThat(ordered).containsExactly(fast, within(1e-5f));
    assertThat(ordered).isNotEqualTo(new float[ordered.length]);
    assertThat(gradient(true, checkpointing)).isEqualTo(ordered);
  }

  private static float[] gradient(boolean deterministic, boolean checkpointing) throws Exception {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        RobustClipEncoder loaded =
            RobustClipEncoder.builder(RecordedTensors.path("hf_clip_quick_gelu"))
                .deterministic(deterministic)
                .load();
        RobustClipEncoder copy = loaded.copy();
        GradMode on = GradMode.enableGrad()) {
      RobustClipEncoder encoder = checkpointing ? copy.withActivationCheckpointing() : copy;
      int size = encoder.imageSize();
      float[] values = new float[2 * 3 * size * size];
      Random random = new Random(4);
      for (int i = 0; i < values.length; i++) {
        values[i] = random.nextFloat();
      }
      NDArray pixels = Autograd.leaf(manager.create(values, new Shape(2, 3, size, size)));
      return Autograd.gradient(encoder.embed(pixels).square().sum(), pixels).toFloatArray();
    }
  }
}
