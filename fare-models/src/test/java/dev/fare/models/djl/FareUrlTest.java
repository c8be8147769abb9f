package dev.fare.models.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.huggingface.translator.ZeroShotImageClassificationTranslatorFactory;
import ai.djl.inference.Predictor;
import ai.djl.modality.Classifications;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.modality.cv.VisionLanguageInput;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ModelNotFoundException;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.training.ParameterStore;
import ai.djl.training.util.ProgressBar;
import dev.fare.Precision;
import dev.fare.models.ClipModel;
import dev.fare.models.RecordedVectors;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.TinyClip;
import dev.fare.models.TinyTokenizer;
import dev.fare.models.TokenLayer;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.huggingface.HuggingFaceWriter;
import dev.fare.models.vision.VisionConfig;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FareUrlTest {

  @TempDir private Path folder;
  private RecordedVectors recorded;
  private NDManager manager;
  private Path directory;
  private String url;

  @BeforeEach
  void writeTheRecordedClip() throws Exception {
    recorded = RecordedVectors.read("g_clip_forward.json");
    manager = NDManager.newBaseManager("PyTorch");
    directory = folder.resolve("robust clip");
    Map<String, NDArray> weights = TinyClip.weights(manager);
    weights.put("logit_scale", manager.create((float) Math.log(4))); // no saturated probabilities
    HuggingFaceWriter.write(TinyClip.CONFIG, weights, Optional.empty(), directory);
    TinyTokenizer.write(directory);
    url = "fare://" + directory.toUri().getRawPath();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void embedsPicturesLikeTheEncoder() throws Exception {
    Criteria<Image, float[]> criteria =
        Criteria.builder().setTypes(Image.class, float[].class).optModelUrls(url).build();
    List<Image> pictures = List.of(picture(50, 40, 1), picture(32, 32, 2), picture(33, 90, 3));
    try (RobustClipEncoder encoder = RobustClipEncoder.load(directory);
        ZooModel<Image, float[]> model = criteria.loadModel();
        Predictor<Image, float[]> predictor = model.newPredictor()) {
      float[][] expected = encoder.embed(pictures);

      assertThat(predictor.predict(pictures.get(0))).containsExactly(expected[0], within(1e-5f));
      List<float[]> together = predictor.batchPredict(pictures);
      for (int i = 0; i < expected.length; i++) {
        assertThat(together.get(i)).containsExactly(expected[i], within(1e-5f));
      }
    }
  }

  @Test
  void embedsArraysAsRecorded() throws Exception {
    try (ZooModel<NDList, NDList> model = arrays(url).loadModel();
        Predictor<NDList, NDList> predictor = model.newPredictor()) {
      NDList embeddings = predictor.predict(new NDList(recorded.tensor("x", manager)));

      assertThat(embeddings.singletonOrThrow().toFloatArray())
          .containsExactly(recorded.floats("image_embedding"), within(1e-5f));
    }
  }

  @Test
  void givesTheTokensThatTheUrlNames() throws Exception {
    NDArray pixels = recorded.tensor("x", manager);
    try (RobustClipEncoder encoder = RobustClipEncoder.load(directory);
        ZooModel<NDList, NDList> model = arrays(url + "?tokens=llava").loadModel();
        Predictor<NDList, NDList> predictor = model.newPredictor()) {
      NDArray tokens = predictor.predict(new NDList(pixels)).singletonOrThrow();

      assertThat(tokens.getShape()).isEqualTo(new Shape(4, 16, 32));
      assertThat(tokens.toFloatArray())
          .containsExactly(encoder.tokens(pixels, TokenLayer.LLAVA).toFloatArray(), within(1e-6f));
    }
    assertThatThrownBy(() -> arrays(url + "?tokens=flava").loadModel())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("llava, open_flamingo, last_post_norm")
        .hasMessageContaining("flava");
  }

  @Test
  void loadsInThePrecisionAndForTheImageSizeThatTheUrlNames() throws Exception {
    NDArray pixels = manager.randomUniform(0, 1, new Shape(2, 3, 48, 48));
    try (RobustClipEncoder encoder =
            RobustClipEncoder.builder(directory)
                .imageSize(48)
                .precision(Precision.BFLOAT16)
                .load();
        ZooModel<NDList, NDList> model =
            arrays(url + "?precision=bfloat16&imageSize=48").loadModel();
        ZooModel<NDList, NDList> exact = arrays(url + "?imageSize=48").loadModel();
        Predictor<NDList, NDList> predictor = model.newPredictor();
        Predictor<NDList, NDList> exactly = exact.newPredictor()) {
      float[] embedding = predictor.predict(new NDList(pixels)).get(0).toFloatArray();

      assertThat(embedding).containsExactly(encoder.embed(pixels).toFloatArray(), within(1e-6f));
      assertThat(embedding).isNotEqualTo(exactly.predict(new NDList(pixels)).get(0).toFloatArray());
    }
  }

  @Test
  void loadsForFewImagesAtATimeWhereTheUrlSaysSo() throws Exception {
    NDArray pixels = manager.randomUniform(0, 1, new Shape(1, 3, 32, 32));
    try (RobustClipEncoder encoder = RobustClipEncoder.builder(directory).lowLatency(true).load();
        ZooModel<NDList, NDList> model = arrays(url + "?lowLatency=true").loadModel();
        Predictor<NDList, NDList> predictor = model.newPredictor()) {
      assertThat(predictor.predict(new NDList(pixels)).get(0).toFloatArray())
          .isEqualTo(encoder.embed(pixels).toFloatArray());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "precision=half | precision must be one of [FLOAT32, BFLOAT16, FLOAT16, AUTO], got half",
        "imageSize=big | imageSize must be a number of pixels, got big",
        "imageSize=7 | a patch no larger than its image",
        "lowLatency=yes | lowLatency must be true or false, got yes",
        "device=cpu | tokens, precision, imageSize, lowLatency, batchifier",
        "precison=auto | got precison=auto",
        "tokens | got tokens",
      })
  void refusesArgumentsThatItDoesNotKnow(String query, String message) {
    assertThatThrownBy(() -> arrays(url + "?" + query).loadModel())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  /** DJL's example ZeroShotImageClassification: its code, with only the URL changed. */
  @Test
  void runsDjlsZeroShotExample() throws Exception {
    Image img = picture(64, 48, 7);
    VisionLanguageInput input =
        new VisionLanguageInput(img, new String[] {"cat", "remote control"});

    Criteria<VisionLanguageInput, Classifications> criteria =
        Criteria.builder()
            .setTypes(VisionLanguageInput.class, Classifications.class)
            .optModelUrls(url)
            .optEngine("PyTorch")
            .optDevice(Device.cpu())
            .optTranslatorFactory(new ZeroShotImageClassificationTranslatorFactory())
            .optProgress(new ProgressBar())
            .build();

    Classifications classifications;
    try (ZooModel<VisionLanguageInput, Classifications> model = criteria.loadModel();
        Predictor<VisionLanguageInput, Classifications> predictor = model.newPredictor()) {
      classifications = predictor.predict(input);
    }

    double[] expected =
        probabilities(
            img,
            TinyTokenizer.row("this", "is", "a", "photo", "of", "cat", "."),
            TinyTokenizer.row("this", "is", "a", "photo", "of", "remote", "control", "."));
    assertThat(classifications.getClassNames()).containsExactly("cat", "remote control");
    assertThat(classifications.getProbabilities().get(0)).isCloseTo(expected[0], within(1e-5));
    assertThat(classifications.getProbabilities().get(1)).isCloseTo(expected[1], within(1e-5));
    assertThat(expected[0]).isBetween(0.01, 0.99);
  }

  @Test
  void classifiesByNamesWithoutATranslatorFactory() throws Exception {
    Image img = picture(40, 52, 9);
    try (ZooModel<VisionLanguageInput, Classifications> model = zeroShot().loadModel();
        Predictor<VisionLanguageInput, Classifications> predictor = model.newPredictor()) {
      String[] names = {"dog", "cat", "remote control"};
      double[] expected =
          probabilities(
              img,
              TinyTokenizer.row("a", "dog"),
              TinyTokenizer.row("a", "cat"),
              TinyTokenizer.row("a", "remote", "control"));
      for (int again = 0; again < 2; again++) {
        Classifications found =
            predictor.predict(new VisionLanguageInput(img, null, names, "a {}"));
        for (int i = 0; i < names.length; i++) {
          assertThat(found.get(names[i]).getProbability()).isCloseTo(expected[i], within(1e-5));
        }
      }
      assertThatThrownBy(() -> predictor.predict(new VisionLanguageInput(img, new String[0])))
          .hasMessageContaining("at least one class name");
    }
  }

  /** The softmax of the scaled cosines, written out. */
  private double[] probabilities(Image img, long[]... rows) throws Exception {
    try (ClipModel clip = ClipModel.load(directory)) {
      float[] image = clip.imageEncoder().embed(img);
      double[] weights = new double[rows.length];
      double sum = 0;
      for (int i = 0; i < rows.length; i++) {
        NDArray ids = manager.create(new long[][] {rows[i]});
        float[] text = clip.embedTokens(ids).toFloatArray();
        double dot = 0;
        double imageSquare = 0;
        double textSquare = 0;
        for (int d = 0; d < text.length; d++) {
          dot += image[d] * text[d];
          imageSquare += image[d] * image[d];
          textSquare += text[d] * text[d];
        }
        weights[i] = Math.exp(clip.logitScale() * dot / Math.sqrt(imageSquare * textSquare));
        sum += weights[i];
      }
      for (int i = 0; i < weights.length; i++) {
        weights[i] /= sum;
      }
      return weights;
    }
  }

  @Test
  void manyPredictorsRunAtOnce() throws Exception {
    Image img = picture(45, 70, 5);
    VisionLanguageInput input = new VisionLanguageInput(img, new String[] {"cat", "dog"});
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (ZooModel<VisionLanguageInput, Classifications> model = zeroShot().loadModel()) {
      double alone;
      try (Predictor<VisionLanguageInput, Classifications> one = model.newPredictor()) {
        alone = one.predict(input).get("cat").getProbability();
      }
      List<Future<Double>> running = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        running.add(
            threads.submit(
                () -> {
                  try (Predictor<VisionLanguageInput, Classifications> own = model.newPredictor()) {
                    return own.predict(input).get("cat").getProbability();
                  }
                }));
      }
      for (Future<Double> one : running) {
        assertThat(one.get()).isCloseTo(alone, within(1e-6));
      }
    } finally {
      threads.shutdown();
    }
  }

  @Test
  void closingTheModelReleasesTheEncoder() throws Exception {
    Block block;
    try (ZooModel<VisionLanguageInput, Classifications> model = zeroShot().loadModel()) {
      block = model.getBlock();
    }
    NDList pixels = new NDList(recorded.tensor("x", manager));
    assertThatThrownBy(() -> block.forward(new ParameterStore(manager, false), pixels, false))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }

  @Test
  void takesRelativePathsToo() throws Exception {
    Path relative = Path.of("").toAbsolutePath().relativize(directory.toAbsolutePath());
    String path = relative.toString().replace("\\", "/").replace(" ", "%20");
    for (String form : List.of("fare:" + path, "fare://" + path)) {
      try (ZooModel<NDList, NDList> model = arrays(form).loadModel()) {
        assertThat(model.getBlock().getOutputShapes(new Shape[] {new Shape(5, 3, 32, 32)}))
            .containsExactly(new Shape(5, 16));
      }
    }
  }

  @Test
  void saysWhatCantBeLoaded() throws Exception {
    assertThatThrownBy(() -> arrays("fare:///no/such/model").loadModel())
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("no/such/model")
        .hasMessageContaining("there is no model here");
    assertThatThrownBy(() -> arrays("fare:///"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("names no model");
    assertThatThrownBy(
            () ->
                Criteria.builder()
                    .setTypes(Image.class, String.class)
                    .optModelUrls(url)
                    .build()
                    .loadModel())
        .isInstanceOf(ModelNotFoundException.class);

    Map<String, NDArray> vision =
        TinyClip.weights(manager).entrySet().stream()
            .filter(tensor -> tensor.getKey().startsWith(VisionConfig.PREFIX))
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    ClipConfig blind =
        new ClipConfig(TinyClip.VISION, Optional.empty(), TinyClip.CONFIG.normalization());
    HuggingFaceWriter.write(blind, vision, Optional.empty(), folder.resolve("blind"));
    String blindUrl = "fare://" + folder.resolve("blind").toUri().getRawPath();
    assertThatThrownBy(
            () ->
                Criteria.builder()
                    .setTypes(VisionLanguageInput.class, Classifications.class)
                    .optModelUrls(blindUrl)
                    .build()
                    .loadModel())
        .hasRootCauseInstanceOf(IOException.class)
        .hasStackTraceContaining("holds a vision tower alone");
  }

  @Test
  void runsNoCodeOfTheModelsFolder() throws Exception {
    Files.writeString(
        directory.resolve("serving.properties"),
        "blockFactory=evil.Block\ntranslatorFactory=evil.Translator\nengine=Evil\n");
    try (ZooModel<NDList, NDList> model = arrays(url).loadModel();
        Predictor<NDList, NDList> predictor = model.newPredictor()) {
      NDList embeddings = predictor.predict(new NDList(recorded.tensor("x", manager)));

      assertThat(embeddings.singletonOrThrow().getShape()).isEqualTo(new Shape(4, 16));
    }
  }

  private static Criteria<NDList, NDList> arrays(String url) {
    return Criteria.builder().setTypes(NDList.class, NDList.class).optModelUrls(url).build();
  }

  private Criteria<VisionLanguageInput, Classifications> zeroShot() {
    return Criteria.builder()
        .setTypes(VisionLanguageInput.class, Classifications.class)
        .optModelUrls(url)
        .build();
  }

  private static Image picture(int width, int height, int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        picture.setRGB(x, y, random.nextInt(1 << 24));
      }
    }
    return ImageFactory.getInstance().fromImage(picture);
  }
}
