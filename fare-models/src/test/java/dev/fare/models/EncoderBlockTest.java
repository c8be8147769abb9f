package dev.fare.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.translate.NoopTranslator;
import dev.fare.models.djl.ImageEmbeddingTranslator;
import dev.fare.models.format.huggingface.HuggingFaceWriter;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EncoderBlockTest {

  @TempDir private Path folder;
  private RecordedVectors recorded;
  private NDManager manager;
  private RobustClipEncoder encoder;

  @BeforeEach
  void loadTheRecordedClip() throws Exception {
    recorded = RecordedVectors.read("g_clip_forward.json");
    manager = NDManager.newBaseManager("PyTorch");
    Path directory = folder.resolve("clip");
    HuggingFaceWriter.write(
        TinyClip.CONFIG, TinyClip.weights(manager), Optional.empty(), directory);
    encoder = RobustClipEncoder.load(directory);
  }

  @AfterEach
  void close() {
    encoder.close();
    manager.close();
  }

  @Test
  void aDjlModelChangesItsBlock() throws Exception {
    try (Model model = Model.newInstance("clip", "PyTorch")) {
      model.setBlock(encoder.asBlock());
      try (Predictor<NDList, NDList> predictor = model.newPredictor(new NoopTranslator())) {
        NDList embeddings = predictor.predict(new NDList(recorded.tensor("x", manager)));

        assertThat(embeddings.singletonOrThrow().toFloatArray())
            .containsExactly(recorded.floats("image_embedding"), within(1e-5f));
      }
      try (Predictor<Image, float[]> predictor =
          model.newPredictor(new ImageEmbeddingTranslator(encoder.preprocessing()))) {
        Image picture =
            ImageFactory.getInstance()
                .fromImage(new BufferedImage(50, 40, BufferedImage.TYPE_INT_RGB));

        assertThat(predictor.predict(picture))
            .containsExactly(encoder.embed(picture), within(1e-5f));
      }
    }
  }

  @Test
  void givesTokens() {
    Block block = encoder.asBlock(TokenLayer.OPEN_FLAMINGO);
    NDArray pixels = recorded.tensor("x", manager);

    NDArray tokens = forward(block, pixels);

    assertThat(tokens.toFloatArray())
        .containsExactly(
            encoder.tokens(pixels, TokenLayer.OPEN_FLAMINGO).toFloatArray(), within(1e-6f));
    assertThat(block.getOutputShapes(new Shape[] {new Shape(7, 3, 32, 32)}))
        .containsExactly(new Shape(7, 16, 32));
    assertThat(block.describeInput().get("pixels")).isEqualTo(new Shape(-1, 3, 32, 32));
  }

  @Test
  void isTheFrozenBeginningOfALongerBlock() {
    SequentialBlock longer =
        new SequentialBlock().add(encoder.asBlock()).add(Linear.builder().setUnits(3).build());
    longer.initialize(manager, DataType.FLOAT32, new Shape(4, 3, 32, 32));

    NDArray outputs = forward(longer, recorded.tensor("x", manager));

    assertThat(outputs.getShape()).isEqualTo(new Shape(4, 3));
    NDArray weight = longer.getParameters().get(0).getValue().getArray();
    NDArray bias = longer.getParameters().get(1).getValue().getArray();
    NDArray expected =
        manager
            .create(recorded.floats("image_embedding"), new Shape(4, 16))
            .matMul(weight.transpose())
            .add(bias);
    assertThat(outputs.toFloatArray()).containsExactly(expected.toFloatArray(), within(1e-5f));
    assertThat(longer.getParameters()).hasSize(2);
  }

  @Test
  void gradientsReachThePixels() {
    float[] expected = recorded.object("gradients").tensor("d_sum_l2_d_x", manager).toFloatArray();
    try (GradMode on = GradMode.enableGrad()) {
      NDArray pixels = Autograd.leaf(recorded.tensor("x", manager));
      NDArray loss = forward(encoder.asBlock(), pixels).square().sum();

      assertThat(Autograd.gradient(loss, pixels).toFloatArray())
          .containsExactly(expected, within(2e-5f));
    }
  }

  @Test
  void refusesPixelsThatWereNormalised() {
    NDArray pixels = recorded.tensor("x", manager).sub(0.5).div(0.25);
    assertThatThrownBy(() -> forward(encoder.asBlock(), pixels))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("pixels must lie in [0,1]");
  }

  private NDArray forward(Block block, NDArray pixels) {
    return block
        .forward(new ParameterStore(manager, false), new NDList(pixels), false)
        .singletonOrThrow();
  }
}
