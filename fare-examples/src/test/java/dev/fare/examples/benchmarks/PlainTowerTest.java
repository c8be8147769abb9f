package dev.fare.examples.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.ImageEncoder;
import dev.fare.examples.benchmarks.PlainTower.Choice;
import dev.fare.image.PixelNormalization;
import dev.fare.models.ClipInitialization;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VisionTransformer;
import dev.fare.models.vision.VitConfig;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What the benchmark compares computes one and the same thing. */
class PlainTowerTest {

  private static final VitConfig CONFIG =
      new VitConfig(32, 8, 32, 2, 2, 128, 16, Activation.QUICK_GELU, 1e-5);

  @Test
  void everyChoiceGivesTheLibrarysEmbeddingsAndGradients() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      ClipConfig clip = new ClipConfig(CONFIG, Optional.empty(), PixelNormalization.CLIP);
      Map<String, NDArray> weights = ClipInitialization.random(clip, 3, manager);
      NDArray images = manager.randomUniform(0, 1, new Shape(2, 3, 32, 32));
      List<Set<Choice>> variants =
          List.of(
              Set.of(),
              EnumSet.of(Choice.LINEAR_PATCHES),
              EnumSet.of(Choice.EXPLICIT_ATTENTION),
              EnumSet.of(Choice.ONE_PASS_GELU),
              EnumSet.of(Choice.CLASS_TOKEN_ONLY));
      try (VisionTransformer library =
          new VisionTransformer(
              CONFIG, PixelNormalization.CLIP, weights, manager.newSubManager())) {
        float[] embedding = library.embed(images).toFloatArray();
        float[] gradient = gradient(new TowerAsEncoder(library), images);
        for (Set<Choice> choices : variants) {
          try (PlainTower plain = new PlainTower(CONFIG, weights, choices)) {
            assertThat(plain.embed(images).toFloatArray())
                .as(choices.toString())
                .containsExactly(embedding, within(1e-5f));
            assertThat(gradient(plain, images))
                .as(choices.toString())
                .containsExactly(gradient, within(2e-5f));
          }
        }
      }
    }
  }

  private static float[] gradient(ImageEncoder encoder, NDArray images) {
    try (GradMode on = GradMode.enableGrad()) {
      NDArray pixels = Autograd.leaf(images);
      return Autograd.gradient(encoder.embed(pixels).square().sum(), pixels).toFloatArray();
    }
  }
}
