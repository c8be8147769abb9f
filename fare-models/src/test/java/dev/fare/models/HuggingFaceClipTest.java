package dev.fare.models;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.Cosine;
import dev.fare.io.ModelFormatException;
import dev.fare.models.text.TextTransformer;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both towers against transformers' CLIPModel with QuickGELU and pooling by the end token's id. */
class HuggingFaceClipTest {

  private static final float TOLERANCE = 1e-5f;
  private static final float STATE_TOLERANCE = 2e-5f;
  private static final List<String> NAMES = List.of("a", "b", "c", "d", "e", "f");

  private NDManager manager;
  private RecordedTensors recorded;
  private ClipModel clip;

  @BeforeEach
  void load() throws Exception {
    manager = NDManager.newBaseManager("PyTorch");
    recorded = RecordedTensors.read("hf_clip_quick_gelu/io.safetensors", manager);
    clip = ClipModel.load(RobustClipEncoder.builder(RecordedTensors.path("hf_clip_quick_gelu")));
  }

  @AfterEach
  void close() {
    clip.close();
    manager.close();
  }

  @Test
  void embedsImagesAsTransformersDoes() throws Exception {
    NDArray embedding = clip.imageEncoder().embed(recorded.tensor("x01"));

    assertThat(embedding.toFloatArray())
        .containsExactly(recorded.floats("out.image_features_unnormalized"), within(TOLERANCE));
    assertThat(Cosine.normalize(embedding).toFloatArray())
        .containsExactly(recorded.floats("out.image_embeds"), within(TOLERANCE));
  }

  @ParameterizedTest
  @ValueSource(strings = {"1-precompiled.json", "2-template.json", "4-decoder-not-json.json"})
  void refusesADamagedTokenizer(String name, @TempDir Path folder) throws Exception {
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(RecordedTensors.path("hf_clip_quick_gelu").resolve(file), folder.resolve(file));
    }
    Path tokenizer = folder.resolve("tokenizer.json");
    try (InputStream damaged = getClass().getResourceAsStream("text/damaged/" + name)) {
      Files.copy(requireNonNull(damaged), tokenizer);
    }

    assertThatThrownBy(() -> ClipModel.load(folder))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(tokenizer.toString());
  }

  @Test
  void embedsTextsAtTheFirstEndToken() throws Exception {
    NDArray embedding = clip.embedTokens(recorded.ids("input_ids"));

    assertThat(embedding.toFloatArray())
        .containsExactly(recorded.floats("out.text_features_unnormalized"), within(TOLERANCE));
    assertThat(Cosine.normalize(embedding).toFloatArray())
        .containsExactly(recorded.floats("out.text_embeds"), within(TOLERANCE));
  }

  @Test
  void refusesIdsOfAnotherTokenizer() {
    for (long id : new long[] {-1, 99}) {
      NDArray ids = manager.create(new long[][] {{97, id, 98}});
      assertThatThrownBy(() -> clip.embedTokens(ids))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("token ids must be in [0, 99), got");
    }
  }

  @Test
  void countsHiddenStatesAsTransformersDoes() throws Exception {
    NDArray pixels = recorded.tensor("x01");
    for (int i = 0; i <= 2; i++) {
      NDArray tokens = clip.imageEncoder().tokens(pixels, TokenLayer.layer(i).withClassToken());
      assertThat(tokens.toFloatArray())
          .containsExactly(
              recorded.floats("out.vision.hidden_states." + i), within(STATE_TOLERANCE));
    }
    NDArray normed = clip.imageEncoder().tokens(pixels, TokenLayer.LAST_POST_NORM.withClassToken());
    assertThat(normed.get(":, 0").toFloatArray())
        .containsExactly(recorded.floats("out.vision.pooler_output"), within(STATE_TOLERANCE));
  }

  @Test
  void theTextTowerHasItsHiddenStates() throws Exception {
    try (TextTransformer text =
        TowerLoader.text(
            ClipCheckpoints.read(RecordedTensors.path("hf_clip_quick_gelu")),
            manager.getDevice())) {
      NDList states = text.hiddenStates(recorded.ids("input_ids"));
      // transformers hides padding from padding, which no real token sees
      NDArray isToken = recorded.tensor("attention_mask").expandDims(2);

      assertThat(states).hasSize(3);
      for (int i = 0; i <= 2; i++) {
        NDArray expected = recorded.tensor("out.text.hidden_states." + i);
        assertThat(states.get(i).mul(isToken).toFloatArray())
            .containsExactly(expected.mul(isToken).toFloatArray(), within(STATE_TOLERANCE));
      }
    }
  }

  @Test
  void theGradientReachesThePixels() throws Exception {
    try (GradMode on = GradMode.enableGrad()) {
      NDArray pixels = Autograd.leaf(recorded.tensor("x01"));
      NDArray loss = clip.imageEncoder().embed(pixels).square().sum();

      assertThat(Autograd.gradient(loss, pixels).toFloatArray())
          .containsExactly(recorded.floats("grad.sum_sq_image_features.x01"), within(TOLERANCE));
    }
  }

  @Test
  void theZeroShotLogitsAndTheirGradientAreTransformers() throws Exception {
    NDArray texts = clip.embedTokens(recorded.ids("input_ids"));
    NDArray targets = manager.create(new long[] {2, 0, 3}, new Shape(3, 1));
    try (ZeroShotClassifier classifier =
            new ZeroShotClassifier(clip.imageEncoder(), NAMES, texts, clip.logitScale());
        GradMode on = GradMode.enableGrad()) {
      NDArray pixels = Autograd.leaf(recorded.tensor("x01"));
      NDArray logits = classifier.logits(pixels);
      NDArray loss = logits.logSoftmax(1).gather(targets, 1).neg().mean();

      assertThat(logits.toFloatArray())
          .containsExactly(recorded.floats("out.logits_per_image"), within(STATE_TOLERANCE));
      assertThat(loss.getFloat()).isCloseTo(3.8029773f, within(TOLERANCE));
      assertThat(Autograd.gradient(loss, pixels).toFloatArray())
          .containsExactly(recorded.floats("grad.ce_logits_per_image.x01"), within(TOLERANCE));
    }
  }
}
