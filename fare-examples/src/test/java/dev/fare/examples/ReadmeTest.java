package dev.fare.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import com.google.common.io.Resources;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.fare.AttackResult;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.examples.emoji.EmojiBatch;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiDataset;
import dev.fare.examples.llava.EmbeddedLlava;
import dev.fare.examples.llava.EmojiTalk;
import dev.fare.examples.quickstart.EmbeddedClip;
import dev.fare.examples.quickstart.SamplePictures;
import dev.fare.models.ClipModel;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.ZeroShotClassifier;
import dev.fare.models.llava.LlavaModel;
import dev.fare.models.llava.VlmObjective;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's Java is what {@link Snippets} compiles, and it runs. */
class ReadmeTest {

  static final Path PROJECT = Path.of(System.getProperty("basedir", "")).toAbsolutePath();

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final EmojiData data = EmojiData.load();

  @BeforeEach
  void placeTheModelWhereTheQuickStartLeavesIt() throws Exception {
    EmbeddedClip.copyTo(Path.of("fare-quickstart/robust"));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void everySnippetIsCompiled() throws Exception {
    List<String> compiled = new ArrayList<>();
    for (String source :
        List.of(
            "test/java/dev/fare/examples/Snippets.java",
            "main/java/dev/fare/examples/attacks/LookLike.java")) {
      compiled.addAll(stripped(Files.readString(PROJECT.resolve("src").resolve(source))));
    }
    List<List<String>> snippets = javaOf("README.md");

    assertThat(snippets).hasSizeGreaterThanOrEqualTo(3);
    for (List<String> snippet : snippets) {
      assertThat(compiled).containsSequence(snippet);
    }
  }

  @Test
  void reportsFromTenLines() throws Exception {
    EmbeddedClip.copyTo(Path.of("fare-quickstart/original"));
    SamplePictures.write(EmojiDataset.testSetA(data, 4), Path.of("fare-quickstart/drawings"));

    List<String> said = new ArrayList<>();
    Snippets.audit(said::add);

    // the same weights twice: four images can't tell them apart
    assertThat(said.get(0)).contains("images can't tell FARE").contains("from original");
    assertThat(Path.of("report.html")).exists();
    assertThat(Path.of("report.json")).exists();
  }

  /** Of the twenty thousand steps it makes the last, on a smaller CLIP than the text names. */
  @Test
  void trains() throws Exception {
    Path run = Path.of("runs/fare4");
    Path robust = Path.of("fare4-clip-vit-l-14");
    for (Path earlier : List.of(run, robust)) {
      if (Files.exists(earlier)) {
        MoreFiles.deleteRecursively(earlier, RecursiveDeleteOption.ALLOW_INSECURE);
      }
    }
    Path clip = placeTinyClip(Path.of("clip-vit-large-patch14"));
    SamplePictures.write(EmojiDataset.testSetA(data, 2), Path.of("imagenet/train"));
    LastStep.place(clip, run, 20_000);

    Snippets.train();

    JsonObject state =
        JsonParser.parseString(Files.readString(run.resolve("step-000020000/state.json")))
            .getAsJsonObject();
    assertThat(state.getAsJsonObject("memory").get("images").getAsInt()).isEqualTo(128);
    try (RobustClipEncoder before = RobustClipEncoder.load(clip);
        RobustClipEncoder after = RobustClipEncoder.load(robust)) {
      NDArray grey = manager.ones(new Shape(1, 3, 32, 32)).mul(0.5);
      // at the end of the schedule a step is shorter than a weight's last bit
      assertThat(after.embed(grey).toFloatArray())
          .containsExactly(before.embed(grey).toFloatArray(), within(1e-6f));
    }
  }

  /** A CLIP of two layers, for images of 32 x 32. */
  static Path placeTinyClip(Path directory) throws IOException {
    Files.createDirectories(directory);
    for (String file : List.of("config.json", "model.safetensors")) {
      MoreFiles.asByteSink(directory.resolve(file))
          .write(
              Resources.toByteArray(Resources.getResource(ReadmeTest.class, "llava/clip/" + file)));
    }
    return directory;
  }

  static List<String> stripped(String text) {
    return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
  }

  /** The Java in a Markdown file of the project, line by line. */
  static List<List<String>> javaOf(String file) throws IOException {
    String text = Files.readString(PROJECT.resolveSibling(file));
    Matcher block = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(text);
    List<List<String>> snippets = new ArrayList<>();
    while (block.find()) {
      snippets.add(stripped(block.group(1)));
    }
    return snippets;
  }

  @Test
  void swaps() throws Exception {
    Image picture =
        ImageFactory.getInstance().fromImage(new BufferedImage(90, 60, BufferedImage.TYPE_INT_RGB));

    AtomicInteger calls = new AtomicInteger();

    Snippets.swap(
        picture,
        pixels(data.testSetA(960).batch(0, 2)),
        (embedding, tokens) -> {
          calls.incrementAndGet();
          assertThat(embedding).hasSize(128);
          assertThat(tokens.getShape()).isEqualTo(new Shape(2, 36, 192));
        });

    assertThat(calls).hasValue(1);
  }

  @Test
  void attacks() throws Exception {
    EmojiBatch batch = data.testSetA(960).batch(8, 16);
    try (ClipModel clip = ClipModel.load(Path.of("fare-quickstart/robust"));
        ZeroShotClassifier classifier =
            clip.zeroShotClassifier(data.pack().names(), EmbeddedClip.TEMPLATES)) {
      NDArray images = pixels(batch);
      NDArray labels = manager.create(batch.labels());

      List<AttackResult> results = Snippets.attack(clip.imageEncoder(), classifier, images, labels);

      assertThat(results.get(0).losses().min().getFloat()).isGreaterThan(1);
      long right = classifier.logits(images).argMax(1).eq(labels).countNonzero().getLong();
      long fooled = results.get(1).succeeded().countNonzero().getLong();
      assertThat(right).isGreaterThanOrEqualTo(6);
      assertThat(fooled).isGreaterThanOrEqualTo(6);
    }
  }

  @Test
  void namesWhatItSees() throws Exception {
    int tiger = data.pack().names().indexOf("tiger");
    int scene =
        IntStream.range(0, 960)
            .filter(i -> data.testSetA(960).pairs().get(i).concept() == tiger)
            .findFirst()
            .orElseThrow();

    List<String> seen = new ArrayList<>();
    Snippets.zeroShot(pixels(data.testSetA(960).batch(scene, scene + 1)), seen::add);
    assertThat(seen).containsExactly("tiger");
  }

  @Test
  void answersWithTheSwappedEncoderAndIsMisled(@TempDir Path folder) throws Exception {
    Path plain = EmbeddedLlava.copyTo(folder);
    Image picture =
        ImageFactory.getInstance().fromImage(new BufferedImage(90, 60, BufferedImage.TYPE_INT_RGB));
    try (LlavaModel llava = EmbeddedLlava.load(plain);
        LlavaModel usual = LlavaModel.load(plain)) {
      String before = usual.answer(picture, "What is in this picture?");
      NDArray pixels = pixels(data.testSetA(960).batch(3, 4));
      String prompt = llava.template().withImage(EmojiTalk.CAPTION);
      Function<NDArray, Float> loss =
          images -> {
            VlmObjective wanted =
                VlmObjective.towards(llava, List.of(prompt), List.of("a flat drawing of a pizza."));
            return wanted.losses(wanted.forward(images)).getFloat();
          };
      ApgdAttack apgd = ApgdAttack.builder(ThreatModel.linf(4 / 255.0)).steps(3).build();

      NDArray attacked = Snippets.mislead(llava, apgd, prompt, pixels).highestLossImages();

      // the embedded LLaVA's own encoder in its own place says the same
      Path same = Path.of("fare-quickstart/robust");
      assertThat(Snippets.answer(plain, same, picture)).isEqualTo(before).isNotBlank();
      assertThat(loss.apply(attacked)).isGreaterThan(loss.apply(pixels));
    }
  }

  private NDArray pixels(EmojiBatch batch) {
    return manager.create(batch.images(), new Shape(batch.size(), 3, 48, 48));
  }
}
