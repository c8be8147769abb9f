package dev.fare.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.fare.Precision;
import dev.fare.image.PixelNormalization;
import dev.fare.models.vision.VisionTransformer;
import dev.fare.torch.Autograd;
import dev.fare.torch.Bfloat16;
import dev.fare.torch.GradMode;
import dev.fare.training.optimizer.Optimizer;
import dev.fare.training.optimizer.UpdateRule;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** bfloat16 inside a tower, whose borders and weights stay float32. */
class PrecisionTest {

  private static final String MATRIX = "visual.transformer.resblocks.0.mlp.c_fc.weight";

  private NDManager manager;
  private NDArray pixels;
  private VisionTransformer exact;
  private VisionTransformer half;

  @BeforeEach
  void load() throws Exception {
    manager = NDManager.newBaseManager("PyTorch");
    pixels = RecordedVectors.read("g_clip_forward.json").tensor("x", manager);
    exact = tower(Precision.FLOAT32);
    half = tower(Precision.BFLOAT16);
  }

  private static VisionTransformer tower(Precision precision) throws Exception {
    NDManager owner = NDManager.newBaseManager("PyTorch");
    Map<String, NDArray> weights = TinyClip.weights(owner);
    Map<String, NDArray> vision = new LinkedHashMap<>();
    TinyClip.VISION.tensors().keySet().forEach(n -> vision.put(n, weights.get(n)));
    return new VisionTransformer(
        TinyClip.VISION, PixelNormalization.CLIP, vision, owner, precision);
  }

  @AfterEach
  void close() {
    exact.close();
    half.close();
    manager.close();
  }

  @Test
  void embeddingsAndPixelGradientsAreWithinAHundredth() {
    Errors errors = Errors.between(half, exact, pixels);

    // eight bits of mantissa round to 0.2 %: a smaller error would mean that nothing was bfloat16
    assertThat(errors.embedding()).isBetween(5e-4, 0.01);
    assertThat(errors.gradient()).isBetween(5e-4, 0.02);
    assertThat(half.precision()).isEqualTo(Precision.BFLOAT16);
  }

  @Test
  void float16IsNearerThanBfloat16ByItsThreeBits() throws Exception {
    try (VisionTransformer float16 = tower(Precision.FLOAT16)) {
      Errors errors = Errors.between(float16, exact, pixels);

      // eleven bits of mantissa round to 0.02 %
      assertThat(errors.embedding()).isBetween(5e-5, 0.00125);
      assertThat(errors.gradient()).isBetween(5e-5, 0.0025);
      assertThat(float16.embed(pixels).getDataType()).isEqualTo(DataType.FLOAT32);
      assertThat(float16.precision()).isEqualTo(Precision.FLOAT16);
    }
  }

  @Test
  void whatEntersAndLeavesIsFloat32() {
    assertThat(half.embed(pixels).getDataType()).isEqualTo(DataType.FLOAT32);
    for (NDArray state : half.hiddenStates(pixels)) {
      assertThat(state.getDataType()).isEqualTo(DataType.FLOAT32);
    }
    half.parameters()
        .values()
        .forEach(weight -> assertThat(weight.getDataType()).isEqualTo(DataType.FLOAT32));
  }

  @Test
  void anUpdateInPlaceIsSeenByTheNextCall() {
    for (String name : List.of(MATRIX, "visual.conv1.weight", "visual.proj")) {
      for (VisionTransformer tower : List.of(exact, half)) {
        float[] before = tower.embed(pixels).toFloatArray();
        tower.parameters().get(name).muli(2);
        float[] changed = tower.embed(pixels).toFloatArray();
        tower.parameters().get(name).muli(0.5);

        assertThat(largestDifference(changed, before)).as(name).isGreaterThan(1e-3);
        assertThat(largestDifference(tower.embed(pixels).toFloatArray(), before))
            .as(name)
            .isLessThan(1e-5);
      }
    }
  }

  /** Passes before a change of the weights may round differently from those after it. */
  private static double largestDifference(float[] a, float[] b) {
    double largest = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i] - b[i]));
    }
    return largest;
  }

  @Test
  void valuesThatAreSetAreSeenByTheNextCall() {
    for (String name : List.of(MATRIX, "visual.conv1.weight", "visual.proj")) {
      for (VisionTransformer tower : List.of(exact, half)) {
        float[] before = tower.embed(pixels).toFloatArray();
        NDArray weight = tower.parameters().get(name);
        float[] values = weight.toFloatArray();
        weight.set(new float[values.length]);
        float[] changed = tower.embed(pixels).toFloatArray();
        weight.set(values);

        assertThat(largestDifference(changed, before)).as(name).isGreaterThan(1e-3);
        assertThat(largestDifference(tower.embed(pixels).toFloatArray(), before))
            .as(name)
            .isLessThan(1e-5);
      }
    }
  }

  @Test
  void weightsThatAreTrainedWhileATowerIsMadeLeaveNoGraph() throws Exception {
    try (NDManager owner = NDManager.newBaseManager("PyTorch")) {
      Map<String, NDArray> weights = new LinkedHashMap<>();
      exact
          .parameters()
          .forEach((name, weight) -> weights.put(name, Autograd.leaf(weight.duplicate())));
      try (GradMode on = GradMode.enableGrad();
          VisionTransformer tower =
              new VisionTransformer(
                  TinyClip.VISION, PixelNormalization.CLIP, weights, owner, Precision.BFLOAT16)) {
        assertThat(Autograd.isRecorded(tower.embed(pixels))).isTrue();
        weights.values().forEach(weight -> weight.setRequiresGradient(false));

        assertThat(Autograd.isRecorded(tower.embed(pixels))).isFalse();
        assertThat(tower.embed(pixels).toFloatArray()).isEqualTo(half.embed(pixels).toFloatArray());
      }
    }
  }

  @Test
  void theWeightsGradientIsThatOfTheFloat32Masters() {
    NDList expected = weightGradients(exact);
    NDList actual = weightGradients(half);

    List<String> names = List.copyOf(exact.parameters().keySet());
    for (int i = 0; i < names.size(); i++) {
      assertThat(actual.get(i).getDataType()).isEqualTo(DataType.FLOAT32);
      assertThat(Errors.share(actual.get(i), expected.get(i))).as(names.get(i)).isLessThan(0.03);
    }
  }

  private NDList weightGradients(VisionTransformer tower) {
    List<NDArray> weights = new ArrayList<>(tower.parameters().values());
    weights.forEach(weight -> weight.setRequiresGradient(true));
    try (GradMode on = GradMode.enableGrad()) {
      return Autograd.gradients(tower.embed(pixels).square().sum(), weights);
    } finally {
      weights.forEach(weight -> weight.setRequiresGradient(false));
    }
  }

  @Test
  void anOptimizersStepReachesTheRoundedCopies() throws Exception {
    NDList gradients = weightGradients(half);
    half.embed(pixels).close();
    try (UpdateRule adamW = Optimizer.adamW().on(half.parameters(), 0.1)) {
      adamW.step(gradients, 0.01);
    }
    Map<String, NDArray> stepped = new LinkedHashMap<>();
    NDManager owner = NDManager.newBaseManager("PyTorch");
    half.parameters()
        .forEach(
            (name, weight) -> {
              NDArray copy = weight.duplicate();
              copy.attach(owner);
              stepped.put(name, copy);
            });
    try (VisionTransformer fresh =
        new VisionTransformer(
            TinyClip.VISION, PixelNormalization.CLIP, stepped, owner, Precision.BFLOAT16)) {
      assertThat(half.embed(pixels).toFloatArray()).isEqualTo(fresh.embed(pixels).toFloatArray());
      assertThat(Errors.between(half, exact, pixels).embedding()).isGreaterThan(0.05);
    }
  }

  @Test
  void aCopyHasThePrecisionAndItsOwnWeights() {
    float[] before = half.embed(pixels).toFloatArray();
    try (VisionTransformer copy = half.copy()) {
      half.parameters().get(MATRIX).muli(0);

      assertThat(copy.precision()).isEqualTo(Precision.BFLOAT16);
      assertThat(copy.embed(pixels).toFloatArray()).containsExactly(before, within(0f));
    }
  }

  @Test
  void autoFollowsTheDeviceAndTheRestIsTakenAsAsked() {
    assertThat(PrecisionChoice.of(Precision.AUTO, Device.cpu()))
        .isEqualTo(Bfloat16.isFast(Device.cpu()) ? Precision.BFLOAT16 : Precision.FLOAT32);
    assertThat(PrecisionChoice.of(Precision.BFLOAT16, Device.cpu())).isEqualTo(Precision.BFLOAT16);
  }

  @Test
  void aTowerWantsToKnowItsPrecision() {
    assertThatThrownBy(() -> tower(Precision.AUTO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("must be FLOAT32, BFLOAT16 or FLOAT16");
  }

  @Test
  void anEncoderIsLoadedInAPrecision() throws Exception {
    Path model = RecordedTensors.path("hf_clip_quick_gelu");
    try (RobustClipEncoder rounded = RobustClipEncoder.load(model, Precision.BFLOAT16);
        RobustClipEncoder plain = RobustClipEncoder.load(model, Precision.FLOAT32);
        RobustClipEncoder copy = rounded.copy()) {
      assertThat(rounded.precision()).isEqualTo(Precision.BFLOAT16);
      assertThat(copy.precision()).isEqualTo(Precision.BFLOAT16);
      assertThat(plain.precision()).isEqualTo(Precision.FLOAT32);
      assertThat(Errors.share(rounded.embed(pixels), plain.embed(pixels))).isBetween(5e-4, 0.01);
    }
  }
}
