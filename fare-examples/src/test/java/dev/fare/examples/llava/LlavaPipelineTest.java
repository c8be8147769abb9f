package dev.fare.examples.llava;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.ThreatModel;
import dev.fare.attacks.PgdAttack;
import dev.fare.image.ClipPreprocessing;
import dev.fare.io.LazyTensor;
import dev.fare.io.ModelFormatException;
import dev.fare.io.SafetensorsFile;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.TokenLayer;
import dev.fare.vlm.llava.LlavaCheckpoint;
import dev.fare.vlm.llava.LlavaModel;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On the recorded tiny LLaVA-1.5 of Hugging Face's transformers. */
class LlavaPipelineTest {

  @TempDir private Path folder;
  private NDManager manager;
  private Map<String, LazyTensor> recorded;
  private RobustClipEncoder encoder;
  private Projector projector;

  @BeforeEach
  void load() throws Exception {
    manager = NDManager.newBaseManager("PyTorch");
    recorded = SafetensorsFile.read(resource("recorded.safetensors")).tensors();
    encoder = RobustClipEncoder.load(resource("clip"));
    projector = Projector.load(resource("projector.safetensors"), encoder.device());
  }

  @AfterEach
  void close() {
    projector.close();
    encoder.close();
    manager.close();
  }

  @Test
  void theLanguageModelReadsWhatLlavasReads() throws Exception {
    LlavaPipeline<Shape> pipeline = pipeline(encoder);

    NDArray tokens = pipeline.visualTokens(tensor("x01"));

    assertThat(encoder.tokens(tensor("x01"), TokenLayer.LLAVA).toFloatArray())
        .containsExactly(tensor("C.selected_patch_tokens").toFloatArray(), within(2e-5f));
    assertThat(tokens.toFloatArray())
        .containsExactly(tensor("C.projected_patch_tokens").toFloatArray(), within(2e-5f));
  }

  @Test
  void theSwapIsOneLine() throws Exception {
    encoder.save(folder.resolve("same"));
    NDArray positions = encoder.parameters().get("visual.positional_embedding");
    float[] before = values(pipeline(encoder));

    try (RobustClipEncoder swapped = RobustClipEncoder.load(folder.resolve("same"))) {
      assertThat(values(pipeline(swapped))).isEqualTo(before);
      assertThat(pipeline(swapped).answer(picture())).isEqualTo(new Shape(1, 16, 32));
    }

    positions.muli(0.5); // other weights are another encoder
    assertThat(values(pipeline(encoder))).hasSameSizeAs(before).isNotEqualTo(before);
  }

  private float[] values(LlavaPipeline<Shape> pipeline) throws Exception {
    return pipeline.visualTokens(tensor("x01")).toFloatArray();
  }

  @Test
  void anEncoderThatSeesLessOfThePixelsDriftsLess() throws Exception {
    encoder.parameters().get("visual.conv1.weight").muli(0.1);
    encoder.save(folder.resolve("dull"));

    double original = drift(resource("clip"));
    double dull = drift(folder.resolve("dull"));

    assertThat(original).isGreaterThan(1.5 * dull);
    assertThat(dull).isPositive();
  }

  private double drift(Path weights) throws Exception {
    PgdAttack attack =
        PgdAttack.builder(ThreatModel.linf(4 / 255.0)).steps(20).stepSize(1 / 255.0).build();
    try (RobustClipEncoder eye = RobustClipEncoder.load(weights)) {
      LlavaPipeline<Shape> pipeline = pipeline(eye);
      NDArray pixels = pipeline.pixels(picture(), manager);
      TokenDrift drift = TokenDrift.from(pipeline, pixels);
      return drift.at(attack.perturb(drift, pixels).images());
    }
  }

  @Test
  void aHostsOwnPipelineSaysWhatTheModelSaysBeforeAndAfterTheSwap() throws Exception {
    Path files = EmbeddedLlava.copyTo(folder.resolve("llava"));
    LlavaCheckpoint checkpoint = LlavaCheckpoint.read(files);
    Image picture = picture();
    try (LlavaModel whole = EmbeddedLlava.load(files);
        RobustClipEncoder other = whole.visionEncoder().copy();
        Projector joint = Projector.load(files.resolve("model.safetensors"), other.device());
        LlamaSpeaker speaker =
            LlamaSpeaker.of(checkpoint.language(), other.device(), EmojiTalk.CAPTION)) {
      other.parameters().get("visual.conv1.weight").muli(-1); // a picture's negative

      LlavaSwap.Sight before =
          LlavaSwap.look(whole.visionEncoder(), checkpoint, joint, speaker, picture);
      LlavaSwap.Sight after = LlavaSwap.look(other, checkpoint, joint, speaker, picture);

      assertThat(before.before()).isEqualTo(whole.answer(picture, EmojiTalk.CAPTION));
      assertThat(after.before())
          .isEqualTo(whole.withVisionEncoder(other).answer(picture, EmojiTalk.CAPTION))
          .isNotEqualTo(before.before());
      assertThat(before.drift()).isGreaterThan(0.1);
    }
  }

  @Test
  void aProjectorThatIsNoneIsRefused() {
    assertThatThrownBy(() -> Projector.load(resource("recorded.safetensors"), encoder.device()))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("multi_modal_projector.linear_1.weight");
  }

  private LlavaPipeline<Shape> pipeline(RobustClipEncoder eye) {
    return new LlavaPipeline<>(
        eye.asBlock(TokenLayer.LLAVA),
        ClipPreprocessing.llava(eye.imageSize()),
        projector,
        NDArray::getShape);
  }

  private NDArray tensor(String name) throws Exception {
    return Objects.requireNonNull(recorded.get(name)).read(manager);
  }

  private static Path resource(String name) throws Exception {
    return Path.of(Objects.requireNonNull(LlavaPipelineTest.class.getResource(name)).toURI());
  }

  private static Image picture() {
    SplittableRandom random = new SplittableRandom(3);
    BufferedImage picture = new BufferedImage(48, 36, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 48 * 36; i++) {
      picture.setRGB(i % 48, i / 48, random.nextInt(1 << 24));
    }
    return ImageFactory.getInstance().fromImage(picture);
  }
}
