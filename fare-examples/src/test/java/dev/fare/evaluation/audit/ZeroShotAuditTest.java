package dev.fare.evaluation.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.ThreatModel;
import dev.fare.data.ImageFolder;
import dev.fare.data.ImageSubset;
import dev.fare.evaluation.EvaluationAttacks;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.report.ProvenanceEntry;
import dev.fare.evaluation.report.ReportModel;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiDataset;
import dev.fare.examples.quickstart.EmbeddedClip;
import dev.fare.examples.quickstart.SamplePictures;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ZeroShotAuditTest {

  @TempDir private static Path shared;
  @TempDir private Path folder;
  private static Path clip;
  private static Path images;

  @BeforeAll
  static void placeModelAndImages() throws IOException {
    clip = EmbeddedClip.copyTo(shared.resolve("clip"));
    images = shared.resolve("images");
    SamplePictures.write(EmojiDataset.testSetA(EmojiData.load(), 10), images);
  }

  private static ZeroShotAudit.Builder quick() throws IOException {
    return ZeroShotAudit.of(images)
        .model("first", clip)
        .model("second", clip)
        .linf(1 / 255.0)
        .attack(EvaluationAttacks.pgd(2, 1, 0));
  }

  @Test
  void reportsEverythingThatWasAskedForAndWhereItComesFrom() throws IOException {
    ReportModel report = quick().images(6).transfer(true).drift(true).driftSteps(2).build().run();

    EvaluationReport evaluation = report.evaluations().get(0);
    assertThat(evaluation.size()).isEqualTo(6);
    assertThat(evaluation.classNames()).noneMatch(name -> name.contains("_"));
    assertThat(evaluation.model("first").cleanPredictions())
        .isEqualTo(evaluation.model("second").cleanPredictions());
    assertThat(report.transfers()).hasSize(1);
    assertThat(report.drifts().get(0).encoders()).hasSize(2);
    assertThat(report.gallery()).isNotEmpty();
    assertThat(report.provenance())
        .extracting(ProvenanceEntry::name)
        .contains(
            "first, SHA-256 of model.safetensors", "pixels, SHA-256", "seed", "DJL", "libtorch");
  }

  @Test
  void anAuditThatWasStoppedGoesOnWhereItWas() throws IOException {
    List<String> phases = new ArrayList<>();
    assertThatThrownBy(
            () ->
                quick()
                    .resumeIn(folder)
                    .listener(
                        progress -> {
                          if (progress.model().equals("second")) {
                            throw new IllegalStateException("stopped");
                          }
                        })
                    .build()
                    .run())
        .hasMessage("stopped");
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).hasSize(1);
    }

    ReportModel resumed =
        quick().resumeIn(folder).listener(progress -> phases.add(progress.model())).build().run();

    assertThat(phases).containsOnly("second");
    assertThat(resumed.evaluations().get(0).model("first").clean())
        .isEqualTo(quick().build().run().evaluations().get(0).model("first").clean());
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void smallImagesAreAttackedAtTheirOwnSizeInsideTheModel() throws IOException {
    Path small = folder.resolve("small");
    for (int i = 0; i < 4; i++) {
      write(small.resolve(i % 2 == 0 ? "red" : "blue"), i, 16);
    }

    ReportModel report =
        ZeroShotAudit.of(small)
            .model("clip", clip)
            .linf(4 / 255.0)
            .attack(EvaluationAttacks.pgd(1, 1, 0))
            .build()
            .run();

    assertThat(report.introduction()).contains("their own 16 × 16 pixels, resized inside");
    assertThat(report.evaluations().get(0).settings()).containsEntry("image size", "16 px");
  }

  private static void write(Path directory, int number, int side) throws IOException {
    Files.createDirectories(directory);
    BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
    image.setRGB(number, number, 0xff0000 >> 8 * number);
    File file = directory.resolve(number + ".png").toFile();
    ImageIO.write(image, "png", file);
  }

  @Test
  void imagesOfSeveralSizesAreAttackedAtTheEncoders() throws IOException {
    write(folder.resolve("a"), 0, 16);
    write(folder.resolve("a"), 1, 20);
    ImageFolder mixed = ImageFolder.of(folder);

    assertThat(OwnResolution.of(ImageSubset.of(mixed, 0, 1), 48)).isEqualTo(48);
    assertThat(OwnResolution.of(ImageSubset.of(mixed, 0), 48)).isEqualTo(16);
    assertThat(OwnResolution.of(ImageSubset.of(mixed, 0), 16)).isEqualTo(16);
  }

  @Test
  void roundingStaysInsideTheBall() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray clean = manager.create(new float[] {100 / 255f, 100 / 255f, 100 / 255f, 0, 1});
      NDArray attacked =
          manager.create(new float[] {103.5f / 255, 96.6f / 255, 101.4f / 255, 3.4f / 255, .99f});

      float[] rounded =
          EightBit.round(attacked, clean, ThreatModel.linf(3.5 / 255)).mul(255).toFloatArray();

      // 103.5 would round to 104 and 96.6 to 97: only the former is too far
      assertThat(rounded).usingComparatorWithPrecision(1e-3f).containsExactly(103, 97, 101, 3, 252);
    }
  }
}
