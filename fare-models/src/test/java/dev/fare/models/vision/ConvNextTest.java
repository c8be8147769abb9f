package dev.fare.models.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.Precision;
import dev.fare.models.ClipCheckpoints;
import dev.fare.models.ClipModel;
import dev.fare.models.Errors;
import dev.fare.models.RecordedTensors;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.TokenLayer;
import dev.fare.models.TowerLoader;
import dev.fare.models.format.ClipCheckpoint;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The ConvNeXt tower against open_clip's over timm's. */
class ConvNextTest {

  private static final float TOLERANCE = 1e-5f;
  private static final float STATE_TOLERANCE = 2e-5f;

  private NDManager manager;
  private RecordedTensors recorded;
  private ClipCheckpoint checkpoint;
  private VisionTower tower;

  @BeforeEach
  void load() throws Exception {
    manager = NDManager.newBaseManager("PyTorch");
    recorded = RecordedTensors.read("open_clip_convnext/io.safetensors", manager);
    checkpoint = ClipCheckpoints.read(RecordedTensors.path("open_clip_convnext"));
    tower =
        TowerLoader.vision(
            checkpoint, manager.getDevice(), Precision.FLOAT32, TowerOptions.DEFAULT);
  }

  @AfterEach
  void close() {
    tower.close();
    manager.close();
  }

  @Test
  void embedsAsOpenClipDoes() throws Exception {
    assertThat(tower.embed(recorded.tensor("x01")).toFloatArray())
        .containsExactly(recorded.floats("out.image_features"), within(TOLERANCE));
  }

  @Test
  void itsTokensAreThePositionsAfterStemAndStages() throws Exception {
    NDArray pixels = recorded.tensor("x01");
    NDList states = tower.hiddenStates(pixels);
    List<String> names =
        List.of("stem", "stage_0", "stage_1", "stage_2", "stage_3"); // [N, C, h, w] there

    assertThat(states).hasSize(5);
    for (int i = 0; i < names.size(); i++) {
      NDArray expected = recorded.tensor("out.after_" + names.get(i));
      Shape shape = expected.getShape();
      NDArray positions =
          expected.reshape(shape.get(0), shape.get(1), -1).transpose(0, 2, 1); // [N, h * w, C]
      assertThat(states.get(i).getShape()).isEqualTo(positions.getShape());
      assertThat(states.get(i).toFloatArray())
          .containsExactly(positions.toFloatArray(), within(STATE_TOLERANCE));
      assertThat(tower.hiddenState(pixels, i).toFloatArray())
          .isEqualTo(states.get(i).toFloatArray());
    }
  }

  @Test
  void theGradientReachesThePixels() throws Exception {
    try (GradMode on = GradMode.enableGrad()) {
      NDArray pixels = Autograd.leaf(recorded.tensor("x01"));
      NDArray loss = tower.embed(pixels).square().sum();

      assertThat(Autograd.gradient(loss, pixels).toFloatArray())
          .containsExactly(
              recorded.floats("grad.sum_sq_image_features.x01"), within(STATE_TOLERANCE));
    }
  }

  @Test
  void takesImagesOfOtherSizesAndShapes() throws Exception {
    assertThat(tower.embed(recorded.tensor("other_size.x01")).toFloatArray())
        .containsExactly(recorded.floats("other_size.image_features"), within(TOLERANCE));
    assertThatThrownBy(() -> tower.embed(manager.zeros(new Shape(1, 3, 64, 31))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("H and W from 32, float32 in [0,1], got (1, 3, 64, 31)");
  }

  @Test
  void anEncoderOfItHasNoClassTokenAndNoNormalisedTokens() throws Exception {
    NDArray pixels = recorded.tensor("x01");
    try (RobustClipEncoder encoder = RobustClipEncoder.builder(checkpoint).load();
        RobustClipEncoder larger = RobustClipEncoder.builder(checkpoint).imageSize(96).load()) {
      assertThat(encoder.tokens(pixels, TokenLayer.layer(-1)).getShape())
          .isEqualTo(new Shape(2, 4, 32));
      assertThatThrownBy(() -> encoder.tokens(pixels, TokenLayer.layer(-1).withClassToken()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("there is no class token in ConvNextConfig");
      assertThatThrownBy(() -> encoder.tokens(pixels, TokenLayer.LAST_POST_NORM))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("it normalises the mean of all positions");
      assertThat(larger.imageSize()).isEqualTo(96);
    }
  }

  @Test
  void anEncoderOfItIsSavedAndLoadedWithTheSameBits(@TempDir Path folder) throws Exception {
    NDArray pixels = recorded.tensor("x01");
    try (RobustClipEncoder encoder = RobustClipEncoder.builder(checkpoint).load()) {
      encoder.parameters().get("visual.head.proj.weight").muli(1.5);
      encoder.save(folder.resolve("saved"));

      try (ClipModel loaded = ClipModel.load(folder.resolve("saved"))) {
        assertThat(loaded.imageEncoder().embed(pixels).toFloatArray())
            .isEqualTo(encoder.embed(pixels).toFloatArray());
        assertThat(loaded.imageEncoder().config()).isEqualTo(checkpoint.config());
      }
    }
  }

  @Test
  void itsBfloat16StaysClose() throws Exception {
    try (VisionTower half =
        TowerLoader.vision(
            checkpoint, manager.getDevice(), Precision.BFLOAT16, TowerOptions.DEFAULT)) {
      Errors errors = Errors.between(half, tower, recorded.tensor("x01"));

      assertThat(errors.embedding()).isBetween(1e-5, 0.01);
      assertThat(errors.gradient()).isBetween(1e-5, 0.02);
    }
  }

  @Test
  void aChangedWeightIsSeenInEveryPrecision() throws Exception {
    NDArray pixels = recorded.tensor("x01");
    for (Precision precision : List.of(Precision.FLOAT32, Precision.BFLOAT16)) {
      try (VisionTower changed =
          TowerLoader.vision(checkpoint, manager.getDevice(), precision, TowerOptions.DEFAULT)) {
        float[] before = changed.embed(pixels).toFloatArray();
        Map<String, NDArray> weights = changed.parameters();
        weights.get("visual.trunk.stem.0.weight").muli(2);
        float[] otherStem = changed.embed(pixels).toFloatArray();
        weights.get("visual.trunk.stem.0.weight").muli(0.5);
        weights.get("visual.trunk.stages.2.blocks.1.mlp.fc1.weight").muli(2);
        float[] otherBlock = changed.embed(pixels).toFloatArray();
        weights.get("visual.trunk.stages.2.blocks.1.mlp.fc1.weight").muli(0.5);

        assertThat(otherStem).isNotEqualTo(before);
        assertThat(otherBlock).isNotEqualTo(before);
        assertThat(changed.embed(pixels).toFloatArray()).isEqualTo(before);
      }
    }
  }
}
