package dev.fare.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.Precision;
import dev.fare.image.PixelNormalization;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.TowerOptions;
import dev.fare.models.vision.VisionTransformer;
import dev.fare.models.vision.VitConfig;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Passes without autograd take a faster way to the same values. */
class InferenceTest {

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final NDArray pixels = manager.randomUniform(0, 1, new Shape(3, 3, 32, 32));

  @AfterEach
  void close() {
    manager.close();
  }

  private VisionTransformer tower(Activation activation, boolean lowLatency) {
    VitConfig config = new VitConfig(32, 8, 48, 3, 4, 192, 16, activation, 1e-5);
    ClipConfig clip = new ClipConfig(config, Optional.empty(), PixelNormalization.CLIP);
    NDManager owner = NDManager.newBaseManager("PyTorch");
    Map<String, NDArray> weights = ClipInitialization.random(clip, 5, owner);
    return new VisionTransformer(
        config,
        PixelNormalization.CLIP,
        weights,
        owner,
        Precision.FLOAT32,
        new TowerOptions(lowLatency, false));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void everyOutputIsThatOfARecordedPass(boolean lowLatency) {
    for (Activation activation : Activation.values()) {
      try (VisionTransformer tower = tower(activation, lowLatency)) {
        NDArray recorded = Autograd.leaf(pixels);

        assertClose(tower.embed(pixels), tower.embed(recorded));
        NDList both = tower.embedWithTokens(pixels);
        NDList expected = tower.embedWithTokens(recorded);
        NDList states = tower.hiddenStates(pixels);
        for (int i = 0; i < 2; i++) {
          assertClose(both.get(i), expected.get(i));
        }
        for (int depth = 0; depth <= tower.config().depth(); depth++) {
          assertClose(tower.hiddenState(pixels, depth), tower.hiddenState(recorded, depth));
          assertClose(states.get(depth), tower.hiddenState(recorded, depth));
        }
      }
    }
  }

  private static void assertClose(NDArray actual, NDArray expected) {
    assertThat(actual.getShape()).isEqualTo(expected.getShape());
    assertThat(actual.toFloatArray()).containsExactly(expected.toFloatArray(), within(1e-5f));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void changedWeightsAndVectorsAreComputedWithAtOnce(boolean lowLatency) {
    try (VisionTransformer tower = tower(Activation.QUICK_GELU, lowLatency)) {
      float[] before = tower.embed(pixels).toFloatArray();

      tower.parameters().get("visual.transformer.resblocks.1.mlp.c_fc.weight").muli(2);
      tower.parameters().get("visual.transformer.resblocks.0.ln_1.weight").muli(3);
      tower.parameters().get("visual.ln_pre.bias").addi(0.5);

      float[] changed = tower.embed(pixels).toFloatArray();
      assertThat(changed).isNotEqualTo(before);
      assertClose(tower.embed(pixels), tower.embed(Autograd.leaf(pixels)));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anImagesValuesDoNotDependOnWhoAsksFirst(boolean lowLatency) {
    try (VisionTransformer tower = tower(Activation.QUICK_GELU, lowLatency);
        GradMode off = GradMode.noGrad()) {
      List<float[]> results =
          IntStream.range(0, 8)
              .parallel()
              .mapToObj(i -> tower.embed(pixels).toFloatArray())
              .toList();

      assertThat(results).allSatisfy(each -> assertThat(each).isEqualTo(results.get(0)));
    }
  }

  @Test
  void aCopyComputesTheSameBits() {
    try (VisionTransformer tower = tower(Activation.GELU, true);
        VisionTransformer copy = tower.copy()) {
      assertThat(copy.embed(pixels).toFloatArray()).isEqualTo(tower.embed(pixels).toFloatArray());
    }
  }
}
