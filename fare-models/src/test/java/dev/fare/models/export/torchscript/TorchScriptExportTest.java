package dev.fare.models.export.torchscript;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.image.PixelImage;
import dev.fare.image.PixelNormalization;
import dev.fare.models.ClipInitialization;
import dev.fare.models.ClipModel;
import dev.fare.models.RecordedTensors;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.TinyClip;
import dev.fare.models.TinyTokenizer;
import dev.fare.models.ZeroShotClassifier;
import dev.fare.models.format.ClipConfig;
import dev.fare.models.format.huggingface.HuggingFaceWriter;
import dev.fare.torch.RecordedBlock;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Exported directories in an application that knows DJL alone, in a process without our classes.
 */
class TorchScriptExportTest {

  private static final float TOLERANCE = 1e-5f;

  @TempDir Path directory;
  private NDManager manager;
  private Image picture;

  @BeforeEach
  void open() throws Exception {
    manager = NDManager.newBaseManager("PyTorch");
    BufferedImage image = new BufferedImage(32, 32, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < 32; y++) {
      for (int x = 0; x < 32; x++) {
        image.setRGB(x, y, (x * 8) << 16 | (y * 8) << 8 | ((x * y) & 0xFF));
      }
    }
    ImageIO.write(image, "png", pictureFile().toFile());
    picture = ImageFactory.getInstance().fromFile(pictureFile());
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void aWholeClipGivesTransformersNumbers() throws Exception {
    RecordedTensors recorded = RecordedTensors.read("hf_clip_quick_gelu/io.safetensors", manager);
    Path base = withTokenizer("hf_clip_quick_gelu");
    Path exported = directory.resolve("exported");
    float[] expected;
    try (RobustClipEncoder encoder = RobustClipEncoder.load(base)) {
      encoder.exportTorchScript(exported);
    }
    try (ClipModel clip = ClipModel.load(RobustClipEncoder.builder(base));
        ZeroShotClassifier classifier =
            clip.zeroShotClassifier(
                List.of("cat", "dog", "remote control"), List.of("this is a photo of a {}"))) {
      NDArray pixels =
          clip.imageEncoder().preprocessing().toPixels(manager, List.of(PixelImage.of(picture)));
      expected = classifier.logits(pixels).softmax(1).toFloatArray();
    }
    Map<String, float[]> answers =
        runPlainDjl(
            exported,
            recorded.tensor("pixel_values"),
            recorded.ids("input_ids"),
            recorded.ids("attention_mask"));

    assertThat(answers.get("image"))
        .containsExactly(recorded.floats("out.image_features_unnormalized"), within(TOLERANCE));
    assertThat(answers.get("text"))
        .containsExactly(recorded.floats("out.text_features_unnormalized"), within(TOLERANCE));
    assertThat(answers.get("image-embeds"))
        .containsExactly(recorded.floats("out.image_embeds"), within(TOLERANCE));
    assertThat(answers.get("images-last"))
        .containsExactly(recorded.floats("out.logits_per_image"), within(2e-5f));
    assertThat(answers.get("images-second")).containsExactly(answers.get("images-last"));
    assertThat(answers.get("zero-shot")).containsExactly(expected, within(1e-5f));
  }

  @Test
  void aConvNextAndItsTextTowerGiveOpenClipsNumbers() throws Exception {
    RecordedTensors recorded = RecordedTensors.read("open_clip_convnext/io.safetensors", manager);
    Path exported = directory.resolve("exported");
    try (ClipModel clip =
        ClipModel.load(RobustClipEncoder.builder(RecordedTensors.path("open_clip_convnext")))) {
      clip.exportTorchScript(exported);
    }
    assertThat(exported.resolve("tokenizer.json")).doesNotExist();
    try (RecordedBlock script =
        RecordedBlock.load(exported.resolve("model.pt"), manager.getDevice())) {
      assertThat(script.call("get_image_features", recorded.tensor("pixel_values")).toFloatArray())
          .containsExactly(recorded.floats("out.image_features"), within(TOLERANCE));
      assertThat(script.call("get_text_features", recorded.ids("tokens")).toFloatArray())
          .containsExactly(recorded.floats("out.text_features"), within(TOLERANCE));
    }
  }

  @Test
  void aVisionTowerAloneEmbedsPictures() throws Exception {
    ClipConfig config = new ClipConfig(TinyClip.VISION, Optional.empty(), PixelNormalization.CLIP);
    Path base = directory.resolve("base");
    Map<String, NDArray> weights = ClipInitialization.random(config, 3, manager);
    HuggingFaceWriter.write(config, weights, Optional.empty(), base);
    Path exported = directory.resolve("exported");
    float[] ours;
    try (RobustClipEncoder encoder = RobustClipEncoder.load(base)) {
      encoder.exportTorchScript(exported);
      ours = encoder.embed(picture);
    }
    NDArray pixels = manager.zeros(new Shape(1, 3, 32, 32));
    assertThat(runPlainDjl(exported, pixels).get("picture")).containsExactly(ours, within(1e-4f));
  }

  private Path pictureFile() {
    return directory.resolve("picture.png");
  }

  /** A copy of recorded weights with a tokenizer beside; their vocabulary has 99 ids. */
  private Path withTokenizer(String name) throws Exception {
    Path copy = Files.createDirectory(directory.resolve("base"));
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(RecordedTensors.path(name).resolve(file), copy.resolve(file));
    }
    TinyTokenizer.write(copy, 97, 98);
    return copy;
  }

  private Map<String, float[]> runPlainDjl(Path model, NDArray... inputs) throws Exception {
    Path file = directory.resolve("inputs");
    try (OutputStream out = Files.newOutputStream(file)) {
      new NDList(inputs).encode(out);
    }
    Path source =
        Path.of(Objects.requireNonNull(getClass().getResource("PlainDjlApplication.java")).toURI());
    String jars =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(entry -> entry.endsWith(".jar") && !entry.contains("fare-"))
            .collect(Collectors.joining(File.pathSeparator));
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-Dai.djl.offline=true",
                "-cp",
                jars,
                source.toString(),
                model.toString(),
                file.toString(),
                pictureFile().toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String output = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output).startsWith("without the library");
    Map<String, float[]> answers = new LinkedHashMap<>();
    output
        .lines()
        .skip(1)
        .map(line -> line.split(" "))
        .forEach(words -> answers.put(words[0], numbers(words)));
    return answers;
  }

  private static float[] numbers(String[] words) {
    float[] numbers = new float[words.length - 1];
    List<Float> values = Stream.of(words).skip(1).map(Float::valueOf).toList();
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = values.get(i);
    }
    return numbers;
  }
}
