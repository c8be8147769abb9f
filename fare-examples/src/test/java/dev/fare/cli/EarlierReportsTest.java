package dev.fare.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import dev.fare.evaluation.AttackOutcome;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.ModelResult;
import dev.fare.evaluation.ThreatResult;
import dev.fare.evaluation.report.ReportFiles;
import dev.fare.evaluation.report.ReportModel;
import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiDataset;
import dev.fare.examples.quickstart.EmbeddedClip;
import dev.fare.examples.quickstart.SamplePictures;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an earlier version of the command has left is of use to this one. */
class EarlierReportsTest {

  private static final String JOURNAL = "fare-0f7a87117c00.journal";

  @TempDir private Path folder;

  private static void copy(String resource, Path to) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(
            EarlierReportsTest.class.getResourceAsStream("earlier/" + resource))) {
      Files.copy(in, to);
    }
  }

  @Test
  void reportReadsTheNumbers() throws IOException {
    Path json = folder.resolve("report.json");
    copy("report.json", json);

    Program program = Program.run("report", json);

    assertThat(program.exitCode()).as(program.err()).isZero();
    assertThat(program.out())
        .contains("6 images can't tell robust (16.7\u202f%) from original (16.7\u202f%).");
    assertThat(folder.resolve("report.html"))
        .content()
        .contains("How it was trained", "hot pepper", "data:image/png;base64,");
    ReportModel report = ReportFiles.read(json);
    assertThat(JsonParser.parseString(ReportFiles.json(report)))
        .isEqualTo(JsonParser.parseString(Files.readString(json)));
    EvaluationReport evaluation = report.evaluations().get(0);
    assertThat(evaluation.size()).isEqualTo(6);
    assertThat(evaluation.models())
        .extracting(ModelResult::model)
        .containsExactly("original", "robust");
    assertThat(evaluation.model("robust").threats())
        .extracting(threat -> threat.robust().correct())
        .containsExactly(6, 1);
  }

  /** The name of the journal tells weights, data and settings: any other evaluation ignores it. */
  @Test
  void evaluateGoesOnFromItsJournal() throws IOException {
    Path clip = EmbeddedClip.copyTo(folder.resolve("clip"));
    Path images = folder.resolve("images");
    SamplePictures.write(EmojiDataset.testSetA(EmojiData.load(), 6), images);
    Path page = Files.createDirectories(folder.resolve("out")).resolve("report.html");
    Path journal = page.resolveSibling("." + JOURNAL);
    copy(JOURNAL, journal);

    Program program =
        Program.run(
            (Object[])
                ("evaluate --attack pgd,square --steps 2 --queries 10 --epsilon 12/255"
                        + " --each-attack --batch-size 2 --seed 3 --images %s --model original=%s"
                        + " --output %s")
                    .formatted(images, clip, page)
                    .split(" "));

    assertThat(program.exitCode()).as(program.err()).isZero();
    assertThat(journal).doesNotExist();
    ThreatResult threat =
        ReportFiles.read(page.resolveSibling("report.json"))
            .evaluations()
            .get(0)
            .model("original")
            .threats()
            .get(0);
    AttackOutcome pgd = threat.attacks().get(0);
    assertThat(pgd.predictions()).containsExactly(1, 0, 1, 1, 2, 0);
    assertThat(pgd.seconds()).isEqualTo(4.183555498); // of then: all of it is in the journal
    assertThat(threat.attacks().get(1).predictions()).containsExactly(0, 0, 1, 1, 2, 2);
  }
}
