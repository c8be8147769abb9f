package dev.fare.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.modality.cv.ImageFactory;
import ai.djl.ndarray.NDManager;
import dev.fare.image.PixelNormalization;
import dev.fare.models.ClipInitialization;
import dev.fare.models.ClipModel;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.huggingface.HuggingFaceWriter;
import dev.fare.models.text.ClipTokenizer;
import dev.fare.models.text.TextConfig;
import dev.fare.models.transformer.Activation;
import dev.fare.models.vision.VitConfig;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.request.EmbeddingInput;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClipEmbeddingModelTest {

  @TempDir Path directory;
  private ClipModel clip;
  private ClipEmbeddingModel model;

  @BeforeEach
  void load() throws Exception {
    VitConfig vision = new VitConfig(32, 8, 16, 1, 2, 32, 8, Activation.QUICK_GELU, 1e-5);
    TextConfig text =
        new TextConfig(
            16,
            ClipTokenizer.OPENAI_VOCABULARY,
            16,
            1,
            2,
            32,
            8,
            Activation.QUICK_GELU,
            1e-5,
            OptionalInt.of(49407));
    ClipConfig config = new ClipConfig(vision, Optional.of(text), PixelNormalization.CLIP);
    Path files = directory.resolve("tiny-clip");
    Path tokenizer = Files.write(directory.resolve("t.json"), ClipTokenizer.openAiJson());
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      HuggingFaceWriter.write(
          config, ClipInitialization.random(config, 5, manager), Optional.of(tokenizer), files);
    }
    clip = ClipModel.load(RobustClipEncoder.builder(files));
    model = ClipEmbeddingModel.load(files);
  }

  @AfterEach
  void close() {
    model.close();
    clip.close();
  }

  @Test
  void embedsTextsAndImagesInTheirOrder() throws Exception {
    byte[] png = png();
    EmbeddingResponse response =
        model.embed(
            EmbeddingRequest.builder()
                .inputs(
                    List.of(
                        EmbeddingInput.from(TextContent.from("a teapot")),
                        EmbeddingInput.from(image(png)),
                        EmbeddingInput.from(TextContent.from("a tiger"))))
                .build());
    float[] ofImage =
        clip.imageEncoder()
            .embed(ImageFactory.getInstance().fromInputStream(new ByteArrayInputStream(png)));

    assertThat(response.embeddings()).hasSize(3);
    assertSameDirection(response.embeddings().get(0), clip.embedText(List.of("a teapot"))[0]);
    assertSameDirection(response.embeddings().get(1), ofImage);
    assertSameDirection(response.embeddings().get(2), clip.embedText(List.of("a tiger"))[0]);
    assertThat(response.modelName()).isEqualTo("tiny-clip");
  }

  @Test
  void servesApplicationsThatEmbedTextsAlone() {
    Embedding one = model.embed("a teapot").content();
    List<Embedding> all =
        model
            .embedAll(List.of(TextSegment.from("a tiger"), TextSegment.from("a teapot")))
            .content();

    assertThat(all.get(1).vector()).containsExactly(one.vector(), within(1e-6f));
    assertThat(model.dimension()).isEqualTo(8).isEqualTo(one.dimension());
  }

  /** The example of docs/integrations.md. */
  @Test
  void embedsAsDocumented() throws Exception {
    Path directory = this.directory.resolve("tiny-clip");
    ClipEmbeddingModel embeddings = ClipEmbeddingModel.load(directory); // a CLIP's; closed by you
    Embedding teapot = embeddings.embed("a teapot").content();

    assertThat(teapot.vector())
        .containsExactly(model.embed("a teapot").content().vector(), within(1e-6f));
    embeddings.close();
  }

  @Test
  void refusesWhatItWouldHaveToDownloadOrMix() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> embed(EmbeddingInput.from(ImageContent.from("http://localhost/a.png"))))
        .withMessageContaining("base64");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                embed(
                    EmbeddingInput.from(
                        TextContent.from("a teapot"), TextContent.from("and more"))))
        .withMessageContaining("2 parts");
  }

  private void embed(EmbeddingInput input) {
    model.embed(EmbeddingRequest.builder().inputs(List.of(input)).build());
  }

  private static void assertSameDirection(Embedding actual, float[] expected) {
    Embedding unit = Embedding.from(expected.clone());
    unit.normalize();
    assertThat(actual.vector()).containsExactly(unit.vector(), within(1e-5f));
  }

  private static ImageContent image(byte[] png) {
    return ImageContent.from(Base64.getEncoder().encodeToString(png), "image/png");
  }

  private static byte[] png() throws Exception {
    BufferedImage image = new BufferedImage(48, 40, BufferedImage.TYPE_INT_RGB);
    for (int x = 0; x < 48; x++) {
      image.setRGB(x, x % 40, 0x40FF10 * x);
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(image, "png", bytes);
    return bytes.toByteArray();
  }
}
