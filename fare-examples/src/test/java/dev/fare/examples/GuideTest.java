package dev.fare.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.fare.Classifier;
import dev.fare.ThreatModel;
import dev.fare.attacks.EvaluationAttacks;
import dev.fare.data.ImageArrays;
import dev.fare.data.ImageFolder;
import dev.fare.data.ImageSubset;
import dev.fare.data.InMemoryImages;
import dev.fare.evaluation.DriftReport;
import dev.fare.evaluation.EncoderDrift;
import dev.fare.evaluation.EvaluationAttack;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.RetrievalResult;
import dev.fare.evaluation.RobustnessEvaluation;
import dev.fare.evaluation.TransferMatrix;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiDataset;
import dev.fare.examples.quickstart.EmbeddedClip;
import dev.fare.examples.quickstart.SamplePictures;
import dev.fare.examples.report.ReportFiles;
import dev.fare.examples.report.ReportModel;
import dev.fare.examples.report.Verdict;
import dev.fare.models.ClipModel;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.ZeroShotClassifier;
import dev.fare.torch.Autograd;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The guide's Java is what {@link GuideSnippets} compiles, and it runs; its links lead somewhere.
 */
class GuideTest {

  private static final String GUIDE = "docs/guide.md";

  @TempDir private Path folder;

  @Test
  void everySnippetIsCompiled() throws Exception {
    List<String> compiled =
        ReadmeTest.stripped(
            Files.readString(
                ReadmeTest.PROJECT.resolve("src/test/java/dev/fare/examples/GuideSnippets.java")));
    List<List<String>> snippets = new ArrayList<>(ReadmeTest.javaOf(GUIDE));
    assertThat(snippets).hasSizeGreaterThanOrEqualTo(8);
    snippets.addAll(ReadmeTest.javaOf("docs/training.md"));

    assertThat(snippets).hasSizeGreaterThanOrEqualTo(9);
    for (List<String> snippet : snippets) {
      assertThat(compiled).containsSequence(snippet);
    }
  }

  @Test
  void everyLinkToAFileLeadsToOne() throws Exception {
    Path docs = ReadmeTest.PROJECT.resolveSibling("docs");
    for (String file : List.of("guide.md", "README.md")) {
      Matcher link =
          Pattern.compile("\\]\\(([^)#:]+)(#[^)]*)?\\)")
              .matcher(Files.readString(docs.resolve(file)));
      int links = 0;
      while (link.find()) {
        assertThat(docs.resolve(link.group(1))).exists();
        links++;
      }
      assertThat(links).isPositive();
    }
  }

  @Test
  void namesThreatModelsAndAttacks() {
    assertThat(GuideSnippets.threatModels()).contains(ThreatModel.linf(4 / 255.0));
    assertThat(GuideSnippets.attacks())
        .extracting(EvaluationAttack::name)
        .containsExactly("PGD", "APGD-CE", "APGD-T", "Square", "AutoAttack");
  }

  @Test
  void watchesComparesAndFindsCopies() throws Exception {
    Path clip = EmbeddedClip.copyTo(folder.resolve("clip"));
    EmojiData data = EmojiData.load();
    EmojiDataset pictures = EmojiDataset.testSetA(data, 40);
    SamplePictures.write(ImageSubset.evenly(pictures, 3), folder.resolve("images"));
    try (ClipModel model = ClipModel.load(clip);
        RobustClipEncoder other = RobustClipEncoder.load(clip);
        ZeroShotClassifier classifier = model.zeroShotClassifier(data.pack().names());
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      RobustClipEncoder encoder = model.imageEncoder();
      NDArray pixels = ImageArrays.pixels(pictures, List.of(0), 48, manager);

      assertThat(GuideSnippets.guard(encoder, other, pictures, pixels)).isFalse();
      assertThat(GuideSnippets.duplicates(encoder, folder.resolve("images"))).isEmpty();
      try (ZeroShotClassifier small = GuideSnippets.small(classifier, encoder)) {
        NDArray logits = small.logits(manager.zeros(new Shape(1, 3, 32, 32)));
        assertThat(logits.getShape().get(1)).isEqualTo(480);
      }
      RobustnessEvaluation evaluation =
          RobustnessEvaluation.builder(48)
              .model("original", classifier)
              .model("FARE", classifier)
              .attack(EvaluationAttacks.pgd(1, 1, 0))
              .linf(4 / 255.0)
              .build();
      ImageSubset few = ImageSubset.evenly(pictures, 4);
      EvaluationReport report = evaluation.evaluate("few", few);
      TransferMatrix matrix = GuideSnippets.transfer(evaluation, few);
      double robust = report.model("FARE").under(ThreatModel.linf(4 / 255.0)).robust().value();

      assertThat(GuideSnippets.compare(report)).endsWith("p = 1.0 against the original");
      assertThat(matrix.accuracy("original", "FARE")).isEqualTo(matrix.accuracy("FARE", "FARE"));
      ReportFiles files =
          ReportFiles.write(
              ReportModel.builder("gate").evaluation(report).build(), folder.resolve("r.html"));
      assertThat(GuideSnippets.gate(files.json())).isCloseTo(robust, within(1e-12));
    }
  }

  /** Two classes by the mean: an image at the boundary falls at once, a bright one never. */
  @Test
  void evaluatesAndGoesOnFromItsJournal() throws Exception {
    Path journal = Path.of("evaluation.journal");
    Files.deleteIfExists(journal);
    Classifier byMean =
        pixels -> {
          NDArray mean = pixels.reshape(pixels.getShape().get(0), -1).mean(new int[] {1}, true);
          NDArray score = Autograd.scaled(mean.sub(0.5), 100);
          return score.concat(score.neg(), 1);
        };
    float[] pixels = new float[3 * 224 * 224];
    Arrays.fill(pixels, 0.505f);
    InMemoryImages near = InMemoryImages.of(pixels, 224).labels(new int[1], List.of("a", "b"));

    EvaluationReport report = GuideSnippets.evaluation(byMean, byMean, near, 1);

    assertThat(report.model("FARE").clean().correct()).isEqualTo(1);
    assertThat(report.model("FARE").threats())
        .extracting(threat -> threat.robust().correct())
        .containsExactly(0, 0);
    assertThat(journal).isNotEmptyFile();
    assertThat(GuideSnippets.evaluation(byMean, byMean, near, 1)).isEqualTo(report);
  }

  @Test
  void measuresDrift() throws Exception {
    Path clip = ReadmeTest.placeTinyClip(folder.resolve("clip"));
    Path images = folder.resolve("images");
    SamplePictures.write(EmojiDataset.testSetA(EmojiData.load(), 1), images);
    try (RobustClipEncoder encoder = RobustClipEncoder.load(clip)) {
      DriftReport report = GuideSnippets.drift(encoder, encoder, images);

      assertThat(report.encoders()).hasSize(2);
      for (EncoderDrift drift : report.encoders()) {
        assertThat(drift.clean().squaredDistance().mean()).isCloseTo(0, within(1e-6));
        assertThat(drift.attacked().get(0).drift().squaredDistance().mean()).isGreaterThan(1e-3);
      }
    }
  }

  /** Of the twenty thousand steps it runs one. */
  @Test
  void trainsWatched() throws Exception {
    Path clip = EmbeddedClip.copyTo(folder.resolve("clip"));
    EmojiDataset pictures = EmojiDataset.testSetA(EmojiData.load(), 4);
    Path run = folder.resolve("run");
    Path output = folder.resolve("robust");
    try (ClipModel model = ClipModel.load(clip)) {
      GuideSnippets.watch(model, pictures, pictures, 1, run, output);
    }

    assertThat(Files.readAllLines(run.resolve("metrics.csv"))).hasSize(2);
    assertThat(run.resolve("step-000000001/best.safetensors")).exists();
    assertThat(output.resolve("README.md")).content().contains("java -jar tuning.jar");
    RobustClipEncoder.load(output).close();
  }

  @Test
  void findsCaptionsUnderAttack() throws Exception {
    Path clip = EmbeddedClip.copyTo(folder.resolve("clip"));
    SamplePictures.write(EmojiDataset.testSetA(EmojiData.load(), 2), folder);
    ImageFolder pictures = ImageFolder.unlabelled(folder);
    Path list =
        Files.writeString(
            folder.resolve("captions.csv"),
            "path,caption\n%s,a hot dog\n%s,a tiger\n"
                .formatted(pictures.path(0), pictures.path(1)));

    ReportModel report = GuideSnippets.retrieval(list, clip, clip);

    List<RetrievalResult> encoders = report.retrievals().get(0).encoders();
    assertThat(encoders.get(1).attacked()).isEqualTo(encoders.get(0).attacked());
    assertThat(Verdict.of(report).headline())
        .startsWith("Under attack at ε = 4/255, with FARE ")
        .contains("find one of their texts first (original: ");
  }
}
