package dev.fare.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.models.text.TextTransformer;
import dev.fare.models.vision.VisionTransformer;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** CLIP's towers against OpenAI's and open_clip's code, which agree bit for bit on these. */
class ClipForwardTest {

  private static final float TOLERANCE = 1e-5f;

  private RecordedVectors recorded;
  private VisionTransformer vision;
  private NDManager manager;

  @BeforeEach
  void load() throws Exception {
    recorded = RecordedVectors.read("g_clip_forward.json");
    vision = TinyClip.vision();
    manager = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    manager.close();
    vision.close();
  }

  @Test
  void embedsImagesLikeTheOriginal() {
    NDArray embedding = vision.embed(recorded.tensor("x", manager));

    assertThat(embedding.toFloatArray())
        .containsExactly(recorded.floats("image_embedding"), within(TOLERANCE));
  }

  @Test
  void hasTheOriginalsHiddenStates() {
    NDList states = vision.hiddenStates(recorded.tensor("x", manager));
    RecordedVectors first = recorded.object("vision_hidden_image0");

    assertThat(states).hasSize(3);
    assertThat(states.get(0).get(0).toFloatArray())
        .containsExactly(first.floats("after_ln_pre"), within(TOLERANCE));
    assertThat(states.get(1).get(0).toFloatArray())
        .containsExactly(first.floats("after_block_0"), within(TOLERANCE));
    assertThat(states.get(2).get(0).toFloatArray())
        .containsExactly(first.floats("after_block_1"), within(TOLERANCE));
    assertThat(vision.hiddenState(recorded.tensor("x", manager), 1).toFloatArray())
        .isEqualTo(states.get(1).toFloatArray());
  }

  @Test
  void givesTheEmbeddingAndThePatchTokensBeforeTheLastBlockInOnePass() {
    NDArray pixels = recorded.tensor("x", manager);

    NDList both = vision.embedWithTokens(pixels);

    assertThat(both.get(0).toFloatArray())
        .containsExactly(recorded.floats("image_embedding"), within(TOLERANCE));
    assertThat(both.get(1).toFloatArray())
        .containsExactly(vision.hiddenState(pixels, 1).get(":, 1:").toFloatArray());
  }

  @Test
  void theClassTokensOfTheLastStateGiveTheEmbedding() {
    NDArray pixels = recorded.tensor("x", manager);
    NDArray tokens = vision.postNorm(vision.hiddenState(pixels, 2));

    NDArray projected = tokens.get(":, 0").matMul(vision.parameters().get("visual.proj"));

    assertThat(projected.toFloatArray())
        .containsExactly(recorded.floats("image_embedding"), within(TOLERANCE));
  }

  @Test
  void hasTheOriginalsGradientToThePixels() {
    NDArray expected = recorded.object("gradients").tensor("d_sum_l2_d_x", manager);
    try (GradMode on = GradMode.enableGrad()) {
      NDArray pixels = Autograd.leaf(recorded.tensor("x", manager));

      NDArray gradient = Autograd.gradient(vision.embed(pixels).square().sum(), pixels);

      assertThat(gradient.toFloatArray()).containsExactly(expected.toFloatArray(), within(2e-5f));
    }
  }

  @Test
  void hasTheOriginalsGradientOfTheZeroShotCrossEntropy() {
    NDArray columns = recorded.tensor("classifier_columns", manager);
    NDArray expected = recorded.object("gradients").tensor("d_sum_ce_d_x", manager);
    NDArray labels = manager.create(new long[] {0, 1, 1, 3}, new Shape(4, 1));
    ZeroShotClassifier classifier =
        new ZeroShotClassifier(
            new TowerEncoder(vision), List.of("a", "b", "c", "d"), columns.transpose(), 100);
    try (classifier;
        GradMode on = GradMode.enableGrad()) {
      NDArray pixels = Autograd.leaf(recorded.tensor("x", manager));
      NDArray logits = classifier.logits(pixels);

      NDArray loss = logits.logSoftmax(1).gather(labels, 1).neg();
      NDArray gradient = Autograd.gradient(loss.sum(), pixels);

      assertThat(logits.toFloatArray())
          .containsExactly(recorded.floats("classifier_logits_scale100"), within(2e-4f));
      assertThat(gradient.toFloatArray()).containsExactly(expected.toFloatArray(), within(2e-5f));
    }
  }

  @Test
  void thePixelGradientIsTheSlopeOfTheLoss() {
    // a central difference along random directions, in the tower's own float32
    SplittableRandom random = new SplittableRandom(7);
    float[] x = recorded.floats("x");
    for (int trial = 0; trial < 4; trial++) {
      float[] direction = new float[x.length];
      for (int i = 0; i < x.length; i++) {
        direction[i] = random.nextBoolean() ? 1 : -1;
      }
      NDArray along = manager.create(direction, new Shape(4, 3, 32, 32));
      NDArray pixels = recorded.tensor("x", manager);
      double slope = (loss(pixels.add(along.mul(2e-3))) - loss(pixels.sub(along.mul(2e-3)))) / 4e-3;
      try (GradMode on = GradMode.enableGrad()) {
        NDArray variable = Autograd.leaf(pixels);
        NDArray gradient = Autograd.gradient(vision.embed(variable).square().sum(), variable);
        assertThat((double) gradient.mul(along).sum().getFloat())
            .isCloseTo(slope, within(0.02 * Math.abs(slope) + 0.05));
      }
    }
  }

  private double loss(NDArray pixels) {
    return vision.embed(pixels).square().sum().getFloat();
  }

  @Test
  void embedsTextsLikeTheOriginal() throws Exception {
    try (TextTransformer text = TinyClip.text()) {
      NDArray embedding = text.embed(manager.create(recorded.table("tokens")));

      assertThat(embedding.toFloatArray())
          .containsExactly(recorded.floats("text_embedding"), within(TOLERANCE));
    }
  }

  @Test
  void refusesPixelsOfAnotherShapeOrType() {
    assertThatThrownBy(() -> vision.embed(manager.zeros(new Shape(1, 3, 24, 32))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("pixels must be [N,3,32,32] float32 in [0,1], got (1, 3, 24, 32)");
    assertThatThrownBy(() -> vision.hiddenState(recorded.tensor("x", manager), 3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("depth must be between 0 and the 2 blocks, got 3");
  }
}
