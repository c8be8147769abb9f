package dev.fare.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.Precision;
import dev.fare.models.vision.VisionTransformer;
import dev.fare.models.vision.VitConfig;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Passes without autograd take a faster way to the same values; copies take the plain one. */
class InferenceTest {

  private NDManager manager;
  private NDArray pixels;

  @BeforeEach
  void draw() {
    manager = NDManager.newBaseManager("PyTorch");
    pixels = manager.randomUniform(0, 1, new Shape(3, 3, 32, 32));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private VisionTransformer tower(Activation activation) {
    VitConfig config = new VitConfig(32, 8, 48, 3, 4, 192, 16, activation, 1e-5);
    ClipConfig clip = new ClipConfig(config, Optional.empty(), PixelNormalization.CLIP);
    NDManager owner = NDManager.newBaseManager("PyTorch");
    Map<String, NDArray> weights = ClipInitialization.random(clip, 5, owner);
    return new VisionTransformer(
        config, PixelNormalization.CLIP, weights, owner, Precision.FLOAT32);
  }

  @Test
  void everyOutputIsThatOfThePlainPass() {
    for (Activation activation : Activation.values()) {
      try (VisionTransformer tower = tower(activation);
          VisionTransformer plain = tower.copy();
          GradMode off = GradMode.off()) {
        assertClose(tower.embed(pixels), plain.embed(pixels));
        NDList both = tower.embedWithTokens(pixels);
        NDList expected = plain.embedWithTokens(pixels);
        NDList states = tower.hiddenStates(pixels);
        for (int i = 0; i < 2; i++) {
          assertClose(both.get(i), expected.get(i));
        }
        for (int depth = 0; depth <= tower.depth(); depth++) {
          assertClose(tower.hiddenState(pixels, depth), plain.hiddenState(pixels, depth));
          assertClose(states.get(depth), plain.hiddenState(pixels, depth));
        }
      }
    }
  }

  private static void assertClose(NDArray actual, NDArray expected) {
    assertThat(actual.getShape()).isEqualTo(expected.getShape());
    assertThat(actual.toFloatArray()).containsExactly(expected.toFloatArray(), within(1e-5f));
  }

  @Test
  void aRecordedPassIsThePlainOneToTheBit() {
    try (VisionTransformer tower = tower(Activation.QUICK_GELU);
        VisionTransformer plain = tower.copy()) {
      tower.embed(pixels).close(); // makes the second set of weights

      assertThat(pixelGradient(tower)).isEqualTo(pixelGradient(plain));
    }
  }

  private float[] pixelGradient(VisionTransformer tower) {
    try (GradMode on = GradMode.on()) {
      NDArray x = Autograd.variable(pixels);
      return Autograd.gradient(tower.embed(x).square().sum(), x).toFloatArray();
    }
  }

  @Test
  void changedWeightsAreComputedWithAtOnceAndForGood() {
    try (VisionTransformer tower = tower(Activation.GELU);
        VisionTransformer plain = tower.copy()) {
      tower.embed(pixels).close();
      for (VisionTransformer each : List.of(tower, plain)) {
        each.parameters().get("visual.transformer.resblocks.1.mlp.c_fc.weight").muli(2);
      }
      float[] changed = tower.embed(pixels).toFloatArray();

      assertThat(changed).isEqualTo(plain.embed(pixels).toFloatArray());
    }
  }

  @Test
  void anImagesValuesDoNotDependOnWhoAsksFirst() {
    try (VisionTransformer tower = tower(Activation.QUICK_GELU);
        GradMode off = GradMode.off()) {
      List<float[]> results =
          IntStream.range(0, 8)
              .parallel()
              .mapToObj(i -> tower.embed(pixels).toFloatArray())
              .toList();

      assertThat(results).allSatisfy(each -> assertThat(each).isEqualTo(results.get(0)));
    }
  }
}
