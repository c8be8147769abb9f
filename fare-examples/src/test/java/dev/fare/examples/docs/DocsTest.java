package dev.fare.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.google.common.base.Splitter;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.fare.ThreatModel;
import dev.fare.data.ImageSubset;
import dev.fare.evaluation.EvaluationAttack;
import dev.fare.evaluation.report.ReportFiles;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiDataset;
import dev.fare.examples.llava.EmbeddedLlava;
import dev.fare.examples.quickstart.EmbeddedClip;
import dev.fare.examples.quickstart.SamplePictures;
import dev.fare.models.RobustClipEncoder;
import dev.fare.training.FareTrainer;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The Java of the README and of docs is compiled and runs; the links lead somewhere. Examples run
 * on small models under the names that the pages use, in the folder where the test runs.
 */
class DocsTest {

  private static final Iterable<String> WRITTEN =
      Splitter.on(' ')
          .split(
              "fare-quickstart fare-llava clip photos everyday tigers photo.jpg photos.csv runs"
                  + " report.html report.json retrieval.html retrieval.json evaluation.journal"
                  + " robust-clip tecoa-clip averaged-clip resumed-clip robust-open-clip"
                  + " robust-torchscript vision_model.onnx");

  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]*)(?:#([^)]*))?\\)");

  @BeforeAll
  static void placeModelsAndPictures() throws Exception {
    for (String name : WRITTEN) {
      if (Files.exists(Path.of(name))) {
        MoreFiles.deleteRecursively(Path.of(name), RecursiveDeleteOption.ALLOW_INSECURE);
      }
    }
    for (String clip : List.of("fare-quickstart/original", "fare-quickstart/robust", "clip")) {
      EmbeddedClip.copyTo(Path.of(clip));
    }
    EmbeddedLlava.copyTo(Path.of("fare-llava/llava"));
    EmojiDataset scenes = EmojiDataset.testSetA(EmojiData.load(), 960); // two of each class
    ImageSubset few = ofClasses(scenes, label -> label < 2);
    SamplePictures.write(few, Path.of("photos"));
    SamplePictures.write(ImageSubset.evenly(few, 2), Path.of("fare-quickstart/drawings"));
    SamplePictures.write(ofClasses(scenes, label -> label < 12), Path.of("everyday"));
    int tiger = scenes.classNames().indexOf("tiger");
    SamplePictures.write(ofClasses(scenes, label -> label == tiger), Path.of("tigers"));
    File picture = anImage("tigers").toFile();
    ImageIO.write(ImageIO.read(picture), "jpg", new File("photo.jpg"));
    Files.writeString(
        Path.of("photos.csv"),
        "path,caption\nphoto.jpg,a tiger\n%s,a face\n".formatted(anImage("photos")));
  }

  private static ImageSubset ofClasses(EmojiDataset scenes, IntPredicate isWanted) {
    return ImageSubset.where(scenes, image -> isWanted.test(scenes.label(image).orElseThrow()));
  }

  private static Path anImage(String folder) throws IOException {
    try (Stream<Path> files = Files.walk(Path.of(folder))) {
      return files.filter(Files::isRegularFile).sorted().findFirst().orElseThrow();
    }
  }

  static List<String> pages() throws IOException {
    return Pages.all();
  }

  @ParameterizedTest
  @MethodSource("pages")
  void everyExampleIsCompiled(String page) throws IOException {
    List<List<String>> compiled = Pages.compiled();

    for (List<String> example : Pages.javaOf(page)) {
      assertThat(compiled)
          .as("%s: %s", page, example.get(0))
          .anyMatch(source -> Collections.indexOfSubList(source, example) >= 0);
    }
  }

  @ParameterizedTest
  @MethodSource("pages")
  void everyLinkLeadsSomewhere(String page) throws IOException {
    for (MatchResult link : LINK.matcher(Pages.text(page)).results().toList()) {
      String file = link.group(1);
      Path target =
          file.isEmpty() ? Pages.path(page) : Pages.path(page).resolveSibling(file).normalize();
      assertThat(target).exists();
      if (link.group(2) != null) {
        assertThat(anchors(Files.readString(target))).as(page).contains(link.group(2));
      }
    }
  }

  /** What a heading is called in a link. */
  private static Set<String> anchors(String markdown) {
    Set<String> anchors = new HashSet<>();
    markdown
        .lines()
        .filter(line -> line.startsWith("#"))
        .map(line -> line.replaceFirst("#+ ", "").toLowerCase(Locale.ROOT))
        .map(line -> line.replaceAll("[^\\p{L}\\p{N}\\- _]", "").replace(' ', '-'))
        .forEach(anchors::add);
    return anchors;
  }

  @Test
  void theReadmeFitsOnItsPage() throws IOException {
    assertThat(Pages.text("README.md").lines()).hasSizeLessThanOrEqualTo(180);
  }

  @Test
  void readme() throws Exception {
    assertThat(printed(ReadmeSnippets::integrator)).contains("an embedding of 128 values");
    // the same weights twice: two images can't tell them apart
    assertThat(printed(ReadmeSnippets::auditor)).contains("images can't tell FARE");
    assertThat(Path.of("report.html")).exists();
    assertThat(ReportFiles.read(Path.of("report.json")).evaluations()).hasSize(1);
    // the gate of docs/evaluation.md reads that report
    assertThatIllegalStateException()
        .isThrownBy(EvaluationSnippets::gate)
        .withMessage("only 0.0 of the images are robust");
  }

  @Test
  void trainings() throws Exception {
    forOneStep(ReadmeSnippets::trainer);
    assertTrained("runs/fare4", "robust-clip");
    // the same settings in full: the run goes on
    String summary = printed(() -> forOneStep(TrainingSnippets::recipe));
    assertThat(summary).contains("\"firstStep\": 1").contains("\"lastStep\": 2");
    forOneStep(TrainingSnippets::tecoa);
    assertTrained("runs/tecoa4", "tecoa-clip");
    forOneStep(TrainingSnippets::watched);
    assertTrained("runs/watched", "averaged-clip");
    assertThat(Files.readAllLines(Path.of("runs/watched/metrics.csv"))).hasSize(2);
    assertThat(Path.of("averaged-clip/README.md")).content().contains("java -jar tuning.jar");
    forOneStep(ResumingSnippets::resumed);
    assertThat(Path.of("runs/resumed/step-000000001")).exists();
    assertThat(Path.of("resumed-clip")).as("the run is not finished").doesNotExist();
  }

  private static void assertTrained(String run, String model) throws IOException {
    assertThat(Path.of(run, "step-000000001")).exists();
    RobustClipEncoder.load(Path.of(model)).close();
  }

  @Test
  void concepts() throws Exception {
    assertThat(printed(ConceptsSnippets::threatModels))
        .contains(ThreatModel.linf(4 / 255.0).toString());
    assertThat(Double.parseDouble(printed(ConceptsSnippets::ownership))).isPositive();
  }

  @Test
  void attacks() throws Exception {
    AttacksSnippets.page();
  }

  @Test
  void data() throws Exception {
    assertThat(printed(DataSnippets::folder)).isEqualToIgnoringWhitespace("[] []");
    assertThat(DataSnippets.augmented().size()).isEqualTo(4);
    assertThat(new DataSnippets.Shades(2).identity()).isEqualTo("2 shades of gray");
  }

  @Test
  void evaluation() throws Exception {
    assertThat(EvaluationSnippets.attacks())
        .extracting(EvaluationAttack::name)
        .containsExactly("PGD", "APGD-CE", "APGD-T", "Square", "AutoAttack");
    assertThat(printed(EvaluationSnippets::page)).contains("p = 1.0").contains("nothing unusual");
    EvaluationSnippets.retrieval();
    assertThat(ReportFiles.read(Path.of("retrieval.json")).retrievals()).hasSize(1);
  }

  @Test
  void models() throws Exception {
    assertThat(printed(ModelsSnippets::settings)).containsAnyOf("FLOAT32", "BFLOAT16");
    assertThat(printed(ModelsSnippets::tokens)).contains("(1, 36, 192)");
    assertThat(printed(ModelsSnippets::zeroShot)).contains("tiger");
    assertThat(printed(ModelsSnippets::convert)).contains("0.0");
    RobustClipEncoder.load(Path.of("robust-open-clip")).close();
  }

  @Test
  void integrations() throws Exception {
    assertThat(printed(IntegrationsSnippets::djl)).contains("128");
    IntegrationsSnippets.block();
    IntegrationsSnippets.onnx();
    assertThat(Path.of("vision_model.onnx")).isNotEmptyFile();
    IntegrationsSnippets.torchScript();
    assertThat(Path.of("robust-torchscript/model.pt")).isNotEmptyFile();
  }

  @Test
  void visionLanguageModels() throws Exception {
    assertThat(printed(VlmSnippets::page)).contains("tiger");
  }

  /** An example of a page. */
  private interface Example {
    void run() throws Exception;
  }

  private static String printed(Example example) throws Exception {
    PrintStream usual = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
      System.setOut(out);
      example.run();
    } finally {
      System.setOut(usual);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /** Runs an example whose trainer is told after its first step that its thread is interrupted. */
  private static void forOneStep(Example example) throws Exception {
    Impatient thread = new Impatient(example);
    thread.start();
    thread.join();
    if (thread.failure != null) {
      throw thread.failure;
    }
  }

  /** Interrupted for a trainer alone, so that what the example does after it is not disturbed. */
  private static final class Impatient extends Thread {
    private static final StackWalker CALLERS =
        StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

    private final Example example;
    private int asked;
    private Exception failure;

    Impatient(Example example) {
      this.example = example;
    }

    @Override
    public boolean isInterrupted() {
      return CALLERS.getCallerClass() == FareTrainer.class && asked++ > 0;
    }

    @Override
    public void run() {
      try {
        example.run();
      } catch (Exception e) {
        failure = e;
      }
    }
  }
}
