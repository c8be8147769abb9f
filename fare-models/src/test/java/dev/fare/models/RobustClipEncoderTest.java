package dev.fare.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.fare.image.PixelImage;
import dev.fare.io.ModelFormatException;
import dev.fare.models.format.huggingface.HuggingFaceWriter;
import dev.fare.torch.Autograd;
import dev.fare.torch.GradMode;
import dev.fare.torch.Host;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RobustClipEncoderTest {

  @TempDir private Path folder;
  private RecordedVectors recorded;
  private NDManager manager;
  private Path model;

  @BeforeEach
  void writeTheRecordedClip() throws Exception {
    recorded = RecordedVectors.read("g_clip_forward.json");
    manager = NDManager.newBaseManager("PyTorch");
    model = folder.resolve("clip");
    HuggingFaceWriter.write(TinyClip.CONFIG, TinyClip.weights(manager), Optional.empty(), model);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void embedsPixelsLikeTheOriginal() throws Exception {
    try (RobustClipEncoder encoder = RobustClipEncoder.load(model)) {
      NDArray embedding = encoder.embed(recorded.tensor("x", manager));

      assertThat(embedding.toFloatArray())
          .containsExactly(recorded.floats("image_embedding"), within(1e-5f));
      assertThat(embedding.getManager()).isSameAs(manager);
      assertThat(encoder.imageSize()).isEqualTo(32);
      assertThat(encoder.embeddingSize()).isEqualTo(16);
    }
  }

  @Test
  void embedsAPictureAsItsPixels() throws Exception {
    BufferedImage picture = picture(32, 32, 5);
    float[] planes = new float[3 * 32 * 32];
    for (int i = 0; i < 32 * 32; i++) {
      int rgb = picture.getRGB(i % 32, i / 32);
      for (int channel = 0; channel < 3; channel++) {
        planes[channel * 32 * 32 + i] = (rgb >> (16 - 8 * channel) & 0xFF) / 255f;
      }
    }
    try (RobustClipEncoder encoder = RobustClipEncoder.load(model)) {
      float[] expected =
          encoder.embed(manager.create(planes, new Shape(1, 3, 32, 32))).toFloatArray();

      assertThat(encoder.embed(djl(picture))).containsExactly(expected, within(1e-5f));
    }
  }

  @Test
  void embedsManyPicturesAsEachAlone() throws Exception {
    List<Image> pictures = new ArrayList<>();
    for (int i = 0; i < 37; i++) {
      pictures.add(djl(picture(20 + 3 * i, 70 - i, i)));
    }
    try (RobustClipEncoder encoder = RobustClipEncoder.load(model)) {
      float[][] together = encoder.embed(pictures);

      assertThat(together).hasNumberOfRows(37);
      assertThat(encoder.embed(List.of())).isEmpty();
      for (int i = 0; i < pictures.size(); i += 9) {
        assertThat(together[i]).containsExactly(encoder.embed(pictures.get(i)), within(1e-5f));
      }
    }
  }

  @Test
  void neitherExecutorNorSplitChangeEmbeddings() throws Exception {
    List<Image> pictures = new ArrayList<>();
    for (int i = 0; i < 11; i++) {
      pictures.add(djl(picture(40 + i, 33, i)));
    }
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try (RobustClipEncoder encoder = RobustClipEncoder.load(model)) {
      float[][] alone = encoder.embed(pictures);

      float[][] together = encoder.embed(pictures, PixelImage::of, threads);

      assertThat(together).isDeepEqualTo(alone);
      NDArray pixels =
          encoder.preprocessing().toPixels(manager, pictures.stream().map(PixelImage::of).toList());
      float[][] split = new float[pictures.size()][];
      new ImageBatches(4)
          .forEach(
              split.length,
              (from, to) -> {
                for (int i = from; i < to; i++) {
                  NDArray batch = encoder.embed(pixels.get(new NDIndex(from + ":" + to)));
                  split[i] = batch.get(i - from).toFloatArray();
                }
              });
      for (int i = 0; i < split.length; i++) {
        assertThat(split[i]).containsExactly(alone[i], within(1e-5f));
      }
      assertThatThrownBy(
              () ->
                  encoder.embed(
                      List.of("broken"),
                      name -> {
                        throw new IOException(name);
                      },
                      threads))
          .isInstanceOf(IOException.class)
          .hasMessage("broken");
    } finally {
      threads.shutdown();
    }
  }

  @Test
  void givesTheTokensThatPipelinesTake() throws Exception {
    RecordedVectors states = recorded.object("vision_hidden_image0");
    NDArray pixels = recorded.tensor("x", manager);
    try (RobustClipEncoder encoder = RobustClipEncoder.load(model)) {
      assertThat(encoder.tokens(pixels, TokenLayer.LLAVA).getShape())
          .isEqualTo(new Shape(4, 16, 32));
      assertThat(encoder.tokens(pixels, TokenLayer.LLAVA).get(0).toFloatArray())
          .containsExactly(withoutClassToken(states.floats("after_block_0")), within(1e-5f));
      assertThat(encoder.tokens(pixels, TokenLayer.OPEN_FLAMINGO).get(0).toFloatArray())
          .containsExactly(withoutClassToken(states.floats("after_block_1")), within(1e-5f));
      assertThat(encoder.tokens(pixels, TokenLayer.layer(0).withClassToken()).get(0).toFloatArray())
          .containsExactly(states.floats("after_ln_pre"), within(1e-5f));
      NDArray projected =
          encoder
              .tokens(pixels, TokenLayer.LAST_POST_NORM.withClassToken())
              .get(":, 0")
              .matMul(encoder.parameters().get("visual.proj"));
      assertThat(projected.toFloatArray())
          .containsExactly(recorded.floats("image_embedding"), within(1e-5f));
      assertThatThrownBy(() -> encoder.tokens(pixels, TokenLayer.layer(3)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("layer 3 is not among the hidden states of a tower of 2 blocks");
    }
  }

  private static float[] withoutClassToken(float[] tokens) {
    return Arrays.copyOfRange(tokens, 32, tokens.length);
  }

  @Test
  void whatIsSavedLoadsWithTheSameBits() throws Exception {
    Path again = folder.resolve("again");
    try (RobustClipEncoder encoder = RobustClipEncoder.load(model)) {
      encoder.parameters().get("visual.proj").muli(1.25);
      encoder.save(again);

      try (RobustClipEncoder loaded = RobustClipEncoder.load(again)) {
        loaded
            .parameters()
            .forEach(
                (name, array) ->
                    assertThat(array.toFloatArray())
                        .as(name)
                        .isEqualTo(encoder.parameters().get(name).toFloatArray()));
      }
    }
    Map<String, NDArray> before = TinyClip.weights(manager);
    try (ClipModel whole = ClipModel.load(again)) {
      NDArray ids = manager.create(recorded.table("tokens"));
      assertThat(whole.embedTokens(ids).toFloatArray())
          .containsExactly(recorded.floats("text_embedding"), within(1e-5f));
      assertThat(whole.logitScale())
          .isCloseTo(Math.exp(before.get("logit_scale").getFloat()), within(1e-9));
    }
  }

  @Test
  void aCopyIsIndependent() throws Exception {
    NDArray pixels = recorded.tensor("x", manager);
    try (RobustClipEncoder encoder = RobustClipEncoder.load(model);
        RobustClipEncoder copy = encoder.copy()) {
      encoder.parameters().get("visual.proj").muli(0);

      assertThat(encoder.embed(pixels).abs().sum().getFloat()).isZero();
      assertThat(copy.embed(pixels).toFloatArray())
          .containsExactly(recorded.floats("image_embedding"), within(1e-5f));
    }
  }

  @Test
  void manyThreadsEmbedAndDifferentiateAtOnce() throws Exception {
    float[] expected = recorded.floats("image_embedding");
    float[] gradient = gradients();
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (RobustClipEncoder encoder = RobustClipEncoder.load(model)) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        running.add(
            threads.submit(
                () -> {
                  try (NDManager own = NDManager.newBaseManager("PyTorch");
                      GradMode on = GradMode.enableGrad()) {
                    NDArray pixels = Autograd.leaf(recorded.tensor("x", own));
                    NDArray embedding = encoder.embed(pixels);
                    NDArray slope = Autograd.gradient(embedding.square().sum(), pixels);
                    assertThat(embedding.toFloatArray()).containsExactly(expected, within(1e-5f));
                    assertThat(slope.toFloatArray()).containsExactly(gradient, within(2e-5f));
                  }
                }));
      }
      for (Future<?> one : running) {
        one.get();
      }
    } finally {
      threads.shutdown();
    }
  }

  private float[] gradients() {
    return recorded.object("gradients").tensor("d_sum_l2_d_x", manager).toFloatArray();
  }

  @Test
  void refusesPixelsOfAnotherRangeTypeOrShape() throws Exception {
    try (RobustClipEncoder encoder = RobustClipEncoder.load(model)) {
      NDArray pixels = recorded.tensor("x", manager);
      assertThatThrownBy(() -> encoder.embed(pixels.mul(255)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("pixels must lie in [0,1]")
          .hasMessageContaining("divide 8-bit values by 255");
      assertThatThrownBy(() -> encoder.embed(pixels.toType(DataType.FLOAT64, true)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("float32");
      assertThatThrownBy(() -> encoder.embed(pixels.transpose(0, 2, 3, 1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("[N,3,32,32]");
      assertThatThrownBy(() -> encoder.tokens(pixels.sub(1), TokenLayer.LLAVA))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("pixels must lie in [0,1]");
    }
  }

  @Test
  void embeddingReadsTheRangeOfThePixelsAndNothingElse() throws Exception {
    try (RobustClipEncoder encoder = RobustClipEncoder.load(model)) {
      NDArray pixels = recorded.tensor("x", manager);
      try (Host.Count count = Host.count()) {
        encoder.embed(pixels);

        assertThat(count.read()).isEqualTo(1);
        assertThat(count.brought()).isZero();
      }
    }
  }

  @Test
  void takesAVisionTowerThatWasPublishedAlone() throws Exception {
    Path tower = folder.resolve("fare_eps_4.safetensors");
    try (RobustClipEncoder encoder = RobustClipEncoder.load(model)) {
      encoder.parameters().get("visual.proj").muli(2);
      VisionTowerFile.write(encoder.config(), encoder.parameters(), tower);
    }

    try (RobustClipEncoder robust = RobustClipEncoder.builder(tower).base(model).load()) {
      float[] expected = recorded.floats("image_embedding");
      for (int i = 0; i < expected.length; i++) {
        expected[i] *= 2;
      }
      assertThat(robust.embed(recorded.tensor("x", manager)).toFloatArray())
          .containsExactly(expected, within(2e-5f));
    }
  }

  @Test
  void saysWhereThereIsNoSuchGpu() {
    int gpus = Engine.getEngine("PyTorch").getGpuCount();

    assertThatThrownBy(() -> RobustClipEncoder.load(model, Device.gpu(gpus)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("GPUs that libtorch can use here, got gpu(" + gpus + ")");
  }

  @Test
  void embedsOnAGpuAsOnTheCpu() throws Exception {
    assumeTrue(Engine.getEngine("PyTorch").defaultDevice().isGpu(), "there is no GPU");
    try (RobustClipEncoder encoder = RobustClipEncoder.load(model, Device.gpu())) {
      NDArray pixels = recorded.tensor("x", manager).toDevice(Device.gpu(), true);

      assertThat(encoder.embed(pixels).toFloatArray())
          .containsExactly(recorded.floats("image_embedding"), within(1e-4f));
      NDArray onHost = pixels.toDevice(Device.cpu(), true);
      assertThatThrownBy(() -> encoder.embed(onHost))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("the model is on gpu(0), got an array (4, 3, 32, 32) on cpu()");
    }
  }

  @Test
  void refusesWhatIsNoNameOfTheHubBeforeItConnects() {
    assertThatThrownBy(() -> RobustClipEncoder.load("/models/clip"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("/models/clip");
    assertThatThrownBy(() -> ClipModel.load("/models/clip"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("/models/clip");
  }

  @Test
  void saysWhatIsWrongWithFiles() throws Exception {
    Path weights = model.resolve("model.safetensors");
    byte[] whole = Files.readAllBytes(weights);
    assertThatThrownBy(() -> RobustClipEncoder.load(folder.resolve("nowhere")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("nowhere");

    Files.write(weights, Arrays.copyOf(whole, whole.length - 100));
    assertThatThrownBy(() -> RobustClipEncoder.load(model))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("model.safetensors");

    Files.write(weights, whole);
    Path config = model.resolve("config.json");
    Files.writeString(
        config,
        Files.readString(config).replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"));
    assertThatThrownBy(() -> RobustClipEncoder.load(model, Device.cpu()))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("layers.2");
  }

  private static BufferedImage picture(int width, int height, int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        picture.setRGB(x, y, random.nextInt(1 << 24));
      }
    }
    return picture;
  }

  private static Image djl(BufferedImage picture) {
    return ImageFactory.getInstance().fromImage(picture);
  }

  @Test
  void anInterruptedThreadSavesTheWholeModelAndStaysInterrupted() throws Exception {
    Path again = folder.resolve("again");
    boolean isStillInterrupted;
    try (RobustClipEncoder encoder = RobustClipEncoder.load(model)) {
      Thread.currentThread().interrupt();
      encoder.save(again);
    } finally {
      isStillInterrupted = Thread.interrupted();
    }
    assertThat(isStillInterrupted).isTrue();
    ClipModel.load(again).close();
  }
}
