package dev.fare.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.image.PixelNormalization;
import dev.fare.io.SafetensorsFile;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.text.TextConfig;
import dev.fare.models.text.TextTransformer;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.PositionTable;
import dev.fare.models.vision.VitConfig;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.TensorScope;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both towers against open_clip's CLIP, in its version 3 and in the paper's 2.19. */
class OpenClipTransformerTest {

  private static final float TOLERANCE = 1e-5f;
  private static final float STATE_TOLERANCE = 2e-5f;
  private static final VitConfig VISION =
      new VitConfig(32, 8, 32, 2, 2, 128, 16, Activation.QUICK_GELU, 1e-5);
  private static final TextConfig TEXT =
      new TextConfig(16, 99, 32, 2, 2, 128, 16, Activation.QUICK_GELU, 1e-5, OptionalInt.empty());

  private NDManager manager;
  private RecordedTensors recorded;
  private ClipCheckpoint checkpoint;
  private RobustClipEncoder encoder;

  @BeforeEach
  void load() throws Exception {
    manager = NDManager.newBaseManager("PyTorch");
    recorded = RecordedTensors.read("open_clip_quickgelu/io.safetensors", manager);
    checkpoint =
        new ClipCheckpoint(
            new ClipConfig(VISION, Optional.of(TEXT), PixelNormalization.CLIP),
            SafetensorsFile.read(
                    RecordedTensors.path("open_clip_quickgelu/open_clip_model.safetensors"))
                .tensors(),
            Optional.empty(),
            "open_clip_quickgelu");
    encoder = RobustClipEncoder.builder(checkpoint).load();
  }

  @AfterEach
  void close() {
    encoder.close();
    manager.close();
  }

  @Test
  void embedsAsOpenClipDoes() throws Exception {
    try (TextTransformer text = TowerLoader.text(checkpoint, manager.getDevice())) {
      assertThat(encoder.embed(recorded.tensor("x01")).toFloatArray())
          .containsExactly(recorded.floats("out.image_features"), within(TOLERANCE));
      assertThat(text.embed(recorded.ids("tokens")).toFloatArray())
          .containsExactly(recorded.floats("out.text_features"), within(TOLERANCE));
    }
  }

  @Test
  void hasOpenClipsHiddenStates() throws Exception {
    NDArray pixels = recorded.tensor("x01");
    List<String> names = List.of("out.after_ln_pre", "out.after_block_0", "out.after_block_1");
    for (int i = 0; i < names.size(); i++) {
      NDArray tokens = encoder.tokens(pixels, TokenLayer.layer(i).withClassToken());
      assertThat(tokens.toFloatArray())
          .containsExactly(recorded.floats(names.get(i)), within(STATE_TOLERANCE));
    }
  }

  @Test
  void givesTheTokensOfBothVersions() throws Exception {
    NDArray pixels = recorded.tensor("x01");

    assertThat(encoder.tokens(pixels, TokenLayer.OPEN_FLAMINGO).toFloatArray())
        .containsExactly(
            recorded.floats("out.old_v2_19.tokens_before_ln_post"), within(STATE_TOLERANCE));
    assertThat(encoder.tokens(pixels, TokenLayer.LAST_POST_NORM).toFloatArray())
        .containsExactly(recorded.floats("out.new.tokens_after_ln_post"), within(STATE_TOLERANCE));
  }

  @Test
  void poolsTheClassToken() throws Exception {
    NDArray embedding = encoder.embed(recorded.tensor("x01"));

    assertThat(embedding.toFloatArray())
        .containsExactly(recorded.floats("out.new.pooled"), within(TOLERANCE))
        .containsExactly(recorded.floats("out.old_v2_19.pooled"), within(TOLERANCE));
  }

  @Test
  void theGradientsReachThePixels() throws Exception {
    NDArray targets = manager.create(new long[] {1, 3, 0}, new Shape(3, 1));
    NDArray texts = recorded.tensor("out.text_features");
    try (NDManager reading = NDManager.newBaseManager("PyTorch");
        GradMode on = GradMode.enableGrad()) {
      double scale = Math.exp(checkpoint.tensor("logit_scale").read(reading).getFloat());
      NDArray pixels = Autograd.leaf(recorded.tensor("x01"));
      NDArray squares = encoder.embed(pixels).square().sum();
      assertThat(Autograd.gradient(squares, pixels).toFloatArray())
          .containsExactly(
              recorded.floats("grad.sum_sq_image_features.x01"), within(STATE_TOLERANCE));

      try (ZeroShotClassifier classifier =
          new ZeroShotClassifier(encoder, List.of("a", "b", "c", "d"), texts, scale)) {
        NDArray logits = classifier.logits(pixels);
        NDArray loss = logits.logSoftmax(1).gather(targets, 1).neg().mean();
        assertThat(logits.toFloatArray())
            .containsExactly(recorded.floats("out.logits_per_image"), within(STATE_TOLERANCE));
        assertThat(Autograd.gradient(loss, pixels).toFloatArray())
            .containsExactly(recorded.floats("grad.ce_logits_per_image.x01"), within(TOLERANCE));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {48, 24})
  void takesImagesOfAnotherSizeAsOpenClipDoes(int size) throws Exception {
    String key = "resize." + size + "x" + size + ".";
    try (RobustClipEncoder resized = RobustClipEncoder.builder(checkpoint).imageSize(size).load()) {
      assertThat(resized.parameters().get("visual.positional_embedding").toFloatArray())
          .containsExactly(recorded.floats(key + "positional_embedding"), within(TOLERANCE));
      assertThat(resized.embed(recorded.tensor(key + "x01")).toFloatArray())
          .containsExactly(recorded.floats(key + "image_features"), within(TOLERANCE));
      assertThat(resized.imageSize()).isEqualTo(size);
      assertThat(resized.preprocessing().size()).isEqualTo(size);
    }
  }

  @Test
  void interpolatesPositionsToARectangle() throws Exception {
    NDArray table = encoder.parameters().get("visual.positional_embedding");
    try (TensorScope scope = TensorScope.of(manager)) {
      NDArray resized = PositionTable.resize(scope.view(table), 6, 4);

      assertThat(resized.toFloatArray())
          .containsExactly(recorded.floats("resize.48x32.positional_embedding"), within(TOLERANCE));
    }
  }

  @Test
  void interpolatesTheTableOfAViTLAt336Pixels() {
    NDArray resized = PositionTable.resize(manager.ones(new Shape(257, 8)), 24, 24);

    assertThat(resized.getShape()).isEqualTo(new Shape(577, 8));
    assertThat(resized.toFloatArray()).containsOnly(new float[] {1f}, within(1e-6f));
  }

  @Test
  void aResizedEncoderIsSavedAndLoadedAtItsSize(@TempDir Path folder) throws Exception {
    Path saved = folder.resolve("resized");
    try (RobustClipEncoder resized = RobustClipEncoder.builder(checkpoint).imageSize(48).load()) {
      resized.save(saved);
    }
    try (RobustClipEncoder loaded = RobustClipEncoder.load(saved)) {
      assertThat(loaded.imageSize()).isEqualTo(48);
      assertThat(loaded.embed(recorded.tensor("resize.48x48.x01")).toFloatArray())
          .containsExactly(recorded.floats("resize.48x48.image_features"), within(TOLERANCE));
    }
  }

  @Test
  void refusesSizesThatNoPatchFitsIn() {
    assertThatThrownBy(() -> RobustClipEncoder.builder(checkpoint).imageSize(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("imageSize must be between 1 and 8192 pixels, got 0");
    assertThatThrownBy(() -> RobustClipEncoder.builder(checkpoint).imageSize(7).load())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("imageSize 7, patchSize 8");
    assertThatThrownBy(() -> PositionTable.resize(manager.ones(new Shape(13, 8)), 2, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("[1 + G*G, C]");
  }
}
