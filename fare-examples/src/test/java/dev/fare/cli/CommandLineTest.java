package dev.fare.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.fare.data.ImageFolder;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiDataset;
import dev.fare.examples.llava.EmbeddedLlava;
import dev.fare.examples.quickstart.EmbeddedClip;
import dev.fare.examples.quickstart.SamplePictures;
import dev.fare.models.ClipModel;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.ZeroShotClassifier;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What each command does to files, looked at through the library. */
class CommandLineTest {

  private static final int IMAGES = 12;

  @TempDir private static Path shared;
  @TempDir private Path folder;
  private static Path clip;
  private static Path images;

  @BeforeAll
  static void placeModelAndImages() throws IOException {
    clip = EmbeddedClip.copyTo(shared.resolve("clip"));
    images = shared.resolve("images");
    SamplePictures.write(EmojiDataset.testSetA(EmojiData.load(), IMAGES), images);
  }

  private static float[] pixels(ImageFolder data, int side) throws IOException {
    FloatBuffer pixels = FloatBuffer.allocate(data.size() * 3 * side * side);
    for (int i = 0; i < data.size(); i++) {
      data.read(i, side, pixels);
    }
    return pixels.array();
  }

  private static long[] seen(ImageFolder data) throws IOException {
    List<String> names = data.classNames().stream().map(n -> n.replace('_', ' ')).toList();
    try (ClipModel model = ClipModel.load(clip);
        ZeroShotClassifier classifier = model.zeroShotClassifier(names);
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray all = manager.create(pixels(data, 48), new Shape(data.size(), 3, 48, 48));
      return classifier.logits(all).argMax(1).toLongArray();
    }
  }

  @Test
  void evaluateWritesAReportAndJudges() throws IOException {
    Path page = folder.resolve("out/report.html");

    Program program =
        Program.line(
            "evaluate --images %s --model a=%s --model b=%s --attack pgd --steps 3"
                + " --epsilon 1/255,8/255 --workers 2 --batch-size 5 --output %s"
                + " --require-robust 0.99 --json",
            images, clip, clip, page);

    assertThat(program.exitCode()).as(program.err()).isEqualTo(3);
    assertThat(program.err()).contains("is below the required 0.990");
    JsonObject result = program.json().getAsJsonArray("results").get(1).getAsJsonObject();
    ImageFolder data = ImageFolder.of(images);
    long[] seen = seen(data);
    int right = 0;
    for (int i = 0; i < seen.length; i++) {
      right += seen[i] == data.label(i).orElseThrow() ? 1 : 0;
    }
    assertThat(result.get("model").getAsString()).isEqualTo("b");
    assertThat(result.getAsJsonObject("clean").get("value").getAsDouble())
        .isCloseTo(right / (double) IMAGES, within(1e-12));
    assertThat(page).content().contains("data:image/png;base64,").doesNotContain("http");
    try (Stream<Path> left = Files.list(page.getParent())) {
      assertThat(left.map(path -> path.getFileName().toString()))
          .containsExactlyInAnyOrder("report.html", "report.json");
    }

    // the page can be made again, and inspect knows what it is about
    Path again = folder.resolve("again.html");
    Path json = page.resolveSibling("report.json");
    assertThat(Program.run("report", json, "--output", again).exitCode()).isZero();
    assertThat(again).hasSameTextualContentAs(page);
    assertThat(Program.run("inspect", json).out()).contains("zero-shot top-1, %", "SHA-256");
  }

  @Test
  void evaluateMeasuresEmbeddingsWhereThereAreNoClasses() throws IOException {
    Path flat = Files.createDirectories(folder.resolve("flat"));
    ImageFolder data = ImageFolder.of(images);
    for (int i = 0; i < 3; i++) {
      Files.copy(data.path(i), flat.resolve(i + ".png"));
    }

    Program program =
        Program.line(
            "evaluate --images %s --model %s --epsilon 4/255 --steps 3 --output %s",
            flat, clip, folder.resolve("drift.html"));

    assertThat(program.exitCode()).as(program.err()).isZero();
    assertThat(program.out())
        .startsWith("Under attack at ε = 4/255, the embeddings of clip keep a cosine of");
    assertThat(folder.resolve("drift.html")).content().contains("3 images of flat");
  }

  @Test
  void attackWritesFilesInsideTheBallAndCountsWhatTheyHold() throws IOException {
    Path output = folder.resolve("attacked");

    Program program =
        Program.line(
            "attack --model %s --images %s --output %s --attack apgd-ce --steps 5"
                + " --epsilon 3.5/255 --json",
            clip, images, output);

    assertThat(program.exitCode()).as(program.err()).isZero();
    ImageFolder clean = ImageFolder.of(images);
    ImageFolder attacked = ImageFolder.of(output);
    assertThat(attacked.classNames()).isEqualTo(clean.classNames());
    float[] before = pixels(clean, 48);
    float[] after = pixels(attacked, 48);
    double largest = 0;
    for (int i = 0; i < before.length; i++) {
      largest = Math.max(largest, Math.abs(after[i] - before[i]));
    }
    assertThat(largest * 255).isCloseTo(3, within(1e-3)); // the next level would be 4
    long[] seenBefore = seen(clean);
    long[] seenAfter = seen(attacked);
    int fooled = 0;
    for (int i = 0; i < seenAfter.length; i++) {
      int label = clean.label(i).orElseThrow();
      fooled += seenBefore[i] == label && seenAfter[i] != label ? 1 : 0;
    }
    assertThat(program.json().get("fooledByFile").getAsInt()).isEqualTo(fooled).isPositive();
    assertThat(Files.readAllLines(output.resolve("attack.csv"))).hasSize(1 + IMAGES);
  }

  @ParameterizedTest
  @ValueSource(strings = {"photos", "photos/attacked", "link", "link/apple/.."})
  void attackLeavesTheUsersPicturesAlone(String output) throws IOException {
    Path photos = folder.resolve("photos");
    SamplePictures.write(EmojiDataset.testSetA(EmojiData.load(), 2), photos);
    Files.createSymbolicLink(folder.resolve("link"), photos);
    ImageFolder before = ImageFolder.of(photos);
    byte[] bytes = Files.readAllBytes(before.path(0));

    Program program =
        Program.line(
            "attack --model %s --images %s --output %s --steps 1",
            clip, photos, folder.resolve(output));

    assertThat(program.exitCode()).isEqualTo(1);
    assertThat(program.err()).contains("can't be written among the clean ones");
    assertThat(ImageFolder.of(photos).size()).isEqualTo(before.size());
    assertThat(before.path(0)).hasBinaryContent(bytes);
    assertThat(photos.resolve("attack.csv")).doesNotExist();
  }

  @Test
  void namesOfEmbeddedFilesKeepTheirRows() throws IOException {
    Path flat = Files.createDirectories(folder.resolve("flat"));
    Files.copy(ImageFolder.of(images).path(0), flat.resolve("a\nb\\.png"));
    Files.copy(ImageFolder.of(images).path(1), flat.resolve("c.png"));
    Path output = folder.resolve("e.npy");

    Program program = Program.run("embed", "--model", clip, "--images", flat, "--output", output);

    assertThat(program.exitCode()).as(program.err()).isZero();
    assertThat(Files.readAllLines(folder.resolve("e.txt")))
        .containsExactly("a\\nb\\\\.png", "c.png");
  }

  @Test
  void embedWritesThreeFormatsOfTheSameNumbers() throws IOException {
    float[] expected;
    ImageFolder data = ImageFolder.of(images);
    try (RobustClipEncoder encoder = RobustClipEncoder.load(clip);
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray all = manager.create(pixels(data, 48), new Shape(IMAGES, 3, 48, 48));
      expected = encoder.embed(all).toFloatArray();
    }
    for (String name : List.of("e.npy", "e.safetensors", "e.jsonl")) {
      Program program =
          Program.line(
              "embed --model %s --images %s --output %s --batch-size 5",
              clip, images, folder.resolve(name));
      assertThat(program.exitCode()).as(program.err()).isZero();
    }

    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      // DJL's own readers of both formats
      NDArray npy =
          NDList.decode(manager, Files.readAllBytes(folder.resolve("e.npy"))).singletonOrThrow();
      assertThat(npy.getShape()).isEqualTo(new Shape(IMAGES, 128));
      assertThat(npy.toFloatArray()).containsExactly(expected, within(1e-4f));
      NDList tensors =
          NDList.decode(
              manager,
              new ByteArrayInputStream(Files.readAllBytes(folder.resolve("e.safetensors"))));
      assertThat(tensors.get("embeddings").toFloatArray()).isEqualTo(npy.toFloatArray());
      assertThat(tensors.get("embeddings").getShape()).isEqualTo(npy.getShape());
      List<String> lines = Files.readAllLines(folder.resolve("e.jsonl"));
      JsonObject last = JsonParser.parseString(lines.get(IMAGES - 1)).getAsJsonObject();
      assertThat(last.getAsJsonArray("embedding").get(127).getAsFloat())
          .isEqualTo(npy.getFloat(IMAGES - 1, 127));
      assertThat(Files.readAllLines(folder.resolve("e.txt")).get(IMAGES - 1))
          .isEqualTo(last.get("file").getAsString());
    }
  }

  @Test
  void doctorSaysWhatTheEngineRunsOn() {
    JsonObject facts = Program.run("doctor", "--json").json();

    assertThat(facts.get("libtorch").getAsString())
        .isEqualTo(Engine.getEngine("PyTorch").getVersion());
    assertThat(Program.run("doctor").out())
        .contains("default device", facts.get("default device").getAsString());
  }

  @Test
  void inspectFindsWhatIsWrongWithImages() throws IOException {
    Path photos = folder.resolve("photos");
    for (String name : List.of("a/1.png", "a/2.png", "b/3.png")) {
      Files.createDirectories(photos.resolve(name).getParent());
      Files.copy(ImageFolder.of(images).path(name.charAt(2) - '0'), photos.resolve(name));
    }
    Files.copy(photos.resolve("a/1.png"), photos.resolve("b/again.png"));
    Files.writeString(photos.resolve("b/broken.png"), "no image");

    JsonObject found = Program.run("inspect", photos, "--json").json();

    assertThat(found.get("kind").getAsString()).isEqualTo("images");
    assertThat(found.get("images").getAsInt()).isEqualTo(5);
    assertThat(found.get("fewest in a class").getAsString()).isEqualTo("2, a");
    assertThat(found.getAsJsonArray("problems").toString())
        .contains("broken.png", "these are the same picture")
        .contains("1.png", "again.png")
        .doesNotContain("2.png");
  }

  @Test
  void embedNamesTheImageItCannotReadOrLeavesItOut() throws IOException {
    Path flat = Files.createDirectories(folder.resolve("flat"));
    Files.copy(ImageFolder.of(images).path(0), flat.resolve("a.png"));
    Files.writeString(flat.resolve("b.png"), "no image");
    Path output = folder.resolve("e.npy");

    Program failing = Program.run("embed", "--model", clip, "--images", flat, "--output", output);
    Program skipping =
        Program.line(
            "embed --model %s --images %s --output %s --skip-unreadable --json",
            clip, flat, output);

    assertThat(failing.exitCode()).isEqualTo(1);
    assertThat(failing.err()).startsWith("fare embed: ").contains("b.png");
    assertThat(skipping.exitCode()).isZero();
    assertThat(skipping.json().get("skipped").getAsInt()).isEqualTo(1);
    assertThat(skipping.json().get("images").getAsInt()).isEqualTo(1);
  }

  @Test
  void convertGoesThereAndBack() throws IOException {
    Path open = folder.resolve("open");
    Path back = folder.resolve("back");
    Path tower = folder.resolve("tower.safetensors");

    Program there = Program.run("convert", "--model", clip, "--to", "open-clip", "--output", open);
    Program andBack =
        Program.run("convert", "--model", open, "--to", "hugging-face", "--output", back);
    Program alone =
        Program.line("convert --model %s --to vision-safetensors --output %s --json", clip, tower);

    assertThat(there.exitCode()).as(there.err()).isZero();
    assertThat(andBack.exitCode()).as(andBack.err()).isZero();
    assertThat(alone.exitCode()).as(alone.err()).isZero();
    assertThat(alone.json().get("difference").getAsDouble()).isZero();
    assertThat(back.resolve("tokenizer.json")).exists();
    JsonObject first = Program.run("inspect", clip, "--json").json();
    JsonObject second = Program.run("inspect", back, "--json").json();
    JsonObject third = Program.run("inspect", tower, "--base", clip, "--json").json();
    for (String fact : List.of("vision", "vision parameters", "text parameters", "normalization")) {
      assertThat(second.get(fact)).isEqualTo(first.get(fact)).isNotNull();
      assertThat(third.get(fact)).isEqualTo(first.get(fact));
    }
    assertThat(Program.run("inspect", open).out()).contains("layout").contains("open_clip");
  }

  @Test
  void convertSaysWhatItComparedWhereItCannotRun() throws IOException {
    Path onnx = folder.resolve("onnx");
    Path llava = EmbeddedLlava.copyTo(folder.resolve("llava"));
    Path gguf = folder.resolve("gguf");

    Program written = Program.run("convert", "--model", clip, "--to", "onnx", "--output", onnx);
    Program pair =
        Program.run(
            "convert",
            "--model",
            llava,
            "--llava",
            llava,
            "--to",
            "gguf",
            "--output",
            gguf,
            "--json");
    Program misplaced =
        Program.run("convert", "--model", clip, "--llava", llava, "--to", "onnx", "--output", gguf);

    assertThat(written.exitCode()).as(written.err()).isZero();
    assertThat(written.out())
        .contains("the weights read back from it differ by 0.0; it was not run");
    assertThat(onnx.resolve("onnx/model.onnx")).isNotEmptyFile();
    assertThat(pair.exitCode()).as(pair.err()).isZero();
    assertThat(pair.json().get("compared").getAsString()).isEqualTo("weights");
    assertThat(pair.json().getAsJsonArray("limits").get(0).getAsString()).contains("256 bytes");
    assertThat(gguf.resolve("language-model.gguf")).isNotEmptyFile();
    assertThat(gguf.resolve("mmproj.gguf")).isNotEmptyFile();
    assertThat(misplaced.exitCode()).isEqualTo(1);
    assertThat(misplaced.err()).contains("--llava is for --to gguf");
  }

  @Test
  void trainGoesOnAndLeavesAModelWithItsCardAndMetrics() throws IOException {
    Path output = folder.resolve("robust");
    List<Object> command =
        List.of(
            "train",
            "--model",
            clip,
            "--images",
            images,
            "--output",
            output,
            "--steps",
            4,
            "--batch-size",
            4,
            "--attack-steps",
            1,
            "--checkpoint-every",
            2,
            "--learning-rate",
            "1e-4",
            "--json");

    Program program = Program.run(command.toArray());

    assertThat(program.exitCode()).as(program.err()).isZero();
    assertThat(program.json().get("lastStep").getAsInt()).isEqualTo(4);
    assertThat(output.resolve("README.md"))
        .content()
        .contains("l∞ 4/255", "base_model: \"clip\"", "--images images", "ImageFolder[images,")
        .doesNotContain(folder.toString(), shared.toString());
    assertThat(output.resolve("training.json"))
        .content()
        .contains("\"baseModel\": \"clip\"")
        .doesNotContain(folder.toString(), shared.toString());
    Path run = folder.resolve("robust-run");
    assertThat(Files.readAllLines(run.resolve("metrics.csv"))).hasSize(5);
    assertThat(Program.run("inspect", run).out())
        .contains("training", "settings.steps")
        .contains("memory.images", "16", "memory.warnings", "[]");
    Program again = Program.run(command.toArray());
    assertThat(again.exitCode()).as(again.err()).isZero();
    assertThat(again.json().get("firstStep").getAsInt()).isEqualTo(4);

    // a longer run would find its place taken: it says so before it trains
    Program other =
        Program.run(
            Stream.concat(
                    command.stream(),
                    Stream.of("--seed", 5, "--checkpoints", folder.resolve("other")))
                .toArray());
    assertThat(other.exitCode()).isEqualTo(1);
    assertThat(other.err()).contains("is there already").doesNotContain("stopped");

    // what it left goes into a report, curves included
    Program report =
        Program.line(
            "evaluate --images %s --model robust=%s --attack pgd --steps 1 --epsilon"
                + " 1/255 --training %s --output %s",
            images, output, run.resolve("metrics.jsonl"), folder.resolve("r.html"));
    assertThat(report.exitCode()).as(report.err()).isZero();
    assertThat(folder.resolve("r.html")).content().contains("How it was trained");
  }
}
