package dev.fare.models.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.Precision;
import dev.fare.image.PixelNormalization;
import dev.fare.models.transformer.Activation;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What is computed again gives the gradients of what is kept. */
class RecomputedPassTest {

  private static final VitConfig VIT =
      new VitConfig(32, 8, 24, 4, 3, 48, 10, Activation.QUICK_GELU, 1e-5);
  private static final ConvNextConfig CONVNEXT =
      new ConvNextConfig(32, List.of(1, 2, 3, 1), List.of(8, 8, 12, 16), 10, 1e-6);

  private final NDManager manager = NDManager.newBaseManager("PyTorch");

  @AfterEach
  void close() {
    manager.close();
  }

  /** Which tower. */
  private enum Kind {
    TRANSFORMER(VIT, "resblocks.1.", "class_embedding"),
    CONVOLUTIONS(CONVNEXT, "stages.2.", "stem.0.weight");

    private final VisionConfig config;
    private final String inside;
    private final String first;

    Kind(VisionConfig config, String inside, String first) {
      this.config = config;
      this.inside = inside;
      this.first = first;
    }
  }

  static Stream<Arguments> towers() {
    return Arrays.stream(Kind.values())
        .flatMap(
            kind ->
                Stream.of(Precision.FLOAT32, Precision.BFLOAT16)
                    .map(precision -> Arguments.of(kind, precision)));
  }

  @ParameterizedTest
  @MethodSource("towers")
  void givesTheGradientsOfPixelsAndWeights(Kind kind, Precision precision) {
    try (VisionTower tower = tower(kind, precision)) {
      assertSame(
          gradients(tower, true, name -> true),
          gradients(tower.withActivationCheckpointing(), true, n -> true));
    }
  }

  @ParameterizedTest
  @MethodSource("towers")
  void givesTheGradientOfPixelsAlone(Kind kind, Precision precision) {
    try (VisionTower tower = tower(kind, precision)) {
      assertSame(
          gradients(tower, true, name -> false),
          gradients(tower.withActivationCheckpointing(), true, n -> false));
    }
  }

  @ParameterizedTest
  @MethodSource("towers")
  void givesTheGradientsOfSomeWeights(Kind kind, Precision precision) {
    Predicate<String> trained = name -> name.contains(kind.inside) || name.endsWith(kind.first);
    try (VisionTower tower = tower(kind, precision)) {
      assertSame(
          gradients(tower, false, trained),
          gradients(tower.withActivationCheckpointing(), false, trained));
    }
  }

  @ParameterizedTest
  @MethodSource("towers")
  void givesTheGradientsOfSomeLateWeights(Kind kind, Precision precision) {
    Predicate<String> trained = name -> name.contains(kind.inside);
    try (VisionTower tower = tower(kind, precision)) {
      assertSame(
          gradients(tower, false, trained),
          gradients(tower.withActivationCheckpointing(), false, trained));
    }
  }

  @Test
  void givesTheGradientThroughTheTokensToo() {
    try (VisionTower tower = tower(Kind.TRANSFORMER, Precision.FLOAT32)) {
      NDArray pixels = pixels();
      List<float[]> found = new ArrayList<>();
      for (VisionTower each : List.of(tower, tower.withActivationCheckpointing())) {
        try (TensorScope scope = TensorScope.of(manager);
            GradMode on = GradMode.enableGrad()) {
          NDArray variable = Autograd.leaf(scope.view(pixels));
          NDList both = each.embedWithTokens(variable);
          NDArray loss =
              both.get(0).square().sum().add(Autograd.scaled(both.get(1).square().sum(), 0.1));
          found.add(Autograd.gradient(loss, variable).toFloatArray());
        }
      }
      assertThat(found.get(1)).containsExactly(found.get(0), within(1e-5f));
    }
  }

  @Test
  void givesTheGradientThroughTheTokensAlone() {
    try (VisionTower tower = tower(Kind.TRANSFORMER, Precision.FLOAT32)) {
      List<float[]> found = new ArrayList<>();
      for (VisionTower each : List.of(tower, tower.withActivationCheckpointing())) {
        try (TensorScope scope = TensorScope.of(manager);
            GradMode on = GradMode.enableGrad()) {
          NDArray variable = Autograd.leaf(scope.view(pixels()));
          NDArray loss = each.embedWithTokens(variable).get(1).square().sum();
          found.add(Autograd.gradient(loss, variable).toFloatArray());
        }
      }
      assertThat(found.get(1)).containsExactly(found.get(0), within(1e-5f));
    }
  }

  @ParameterizedTest
  @EnumSource
  void embedsTheSameWithoutRecording(Kind kind) {
    try (VisionTower tower = tower(kind, Precision.FLOAT32)) {
      NDArray pixels = pixels();
      assertThat(tower.withActivationCheckpointing().embed(pixels).toFloatArray())
          .containsExactly(tower.embed(pixels).toFloatArray());
    }
  }

  @ParameterizedTest
  @EnumSource
  void freesNothingThatItIsAViewOf(Kind kind) {
    try (VisionTower tower = tower(kind, Precision.FLOAT32)) {
      NDArray pixels = pixels();
      float[] expected = tower.embed(pixels).toFloatArray();
      VisionTower copy;
      try (VisionTower view = tower.withActivationCheckpointing()) {
        copy = view.copy();
      }
      assertThat(tower.embed(pixels).toFloatArray()).containsExactly(expected);

      NDArray weight = copy.parameters().values().iterator().next();
      copy.close();
      assertThat(weight.isReleased()).as("a view's copy owns its weights").isTrue();
    }
  }

  /** Few images go through half a block at a time, many through a whole one. */
  @ParameterizedTest
  @EnumSource
  void givesTheGradientsOfManyImages(Kind kind) {
    try (VisionTower tower = tower(kind, Precision.FLOAT32)) {
      assertSame(
          gradients(tower, true, name -> true, 20),
          gradients(tower.withActivationCheckpointing(), true, name -> true, 20));
    }
  }

  private Map<String, float[]> gradients(
      VisionTower tower, boolean ofPixels, Predicate<String> trained) {
    return gradients(tower, ofPixels, trained, 3);
  }

  private Map<String, float[]> gradients(
      VisionTower tower, boolean ofPixels, Predicate<String> trained, int images) {
    Map<String, float[]> found = new LinkedHashMap<>();
    Map<String, NDArray> weights = new LinkedHashMap<>(tower.parameters());
    weights.keySet().removeIf(trained.negate());
    weights.values().forEach(weight -> weight.setRequiresGradient(true));
    try (TensorScope scope = TensorScope.of(manager);
        GradMode on = GradMode.enableGrad()) {
      NDArray pixels = scope.view(pixels(images));
      List<NDArray> wanted = new ArrayList<>(weights.values());
      if (ofPixels) {
        pixels = Autograd.leaf(pixels);
        wanted.add(pixels);
      }
      NDArray embedding = tower.embed(pixels);
      NDList gradients = Autograd.gradients(embedding.square().sum(), wanted);
      List<String> names = new ArrayList<>(weights.keySet());
      for (int i = 0; i < gradients.size(); i++) {
        found.put(i < names.size() ? names.get(i) : "pixels", gradients.get(i).toFloatArray());
      }
      found.put("embedding", embedding.toFloatArray());
    } finally {
      weights.values().forEach(weight -> weight.setRequiresGradient(false));
    }
    return found;
  }

  private static void assertSame(Map<String, float[]> expected, Map<String, float[]> actual) {
    assertThat(actual.keySet()).containsExactlyElementsOf(expected.keySet());
    expected.forEach(
        (name, values) -> {
          float largest = 1e-3f;
          for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
          }
          assertThat(actual.get(name)).as(name).containsExactly(values, within(1e-6f * largest));
        });
  }

  private NDArray pixels() {
    return pixels(3);
  }

  private NDArray pixels(int images) {
    Random random = new Random(2);
    float[] values = new float[images * 3 * 32 * 32];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat();
    }
    return manager.create(values, new Shape(images, 3, 32, 32));
  }

  private static VisionTower tower(Kind kind, Precision precision) {
    NDManager owner = NDManager.newBaseManager("PyTorch");
    Random random = new Random(1);
    Map<String, NDArray> weights = new LinkedHashMap<>();
    kind.config
        .tensors()
        .forEach(
            (name, shape) -> {
              float[] values = new float[(int) shape.size()];
              for (int i = 0; i < values.length; i++) {
                values[i] = (float) (0.2 * random.nextGaussian());
              }
              weights.put(name, owner.create(values, shape));
            });
    return kind.config.newTower(
        PixelNormalization.CLIP, weights, owner, precision, TowerOptions.DEFAULT);
  }
}
