package dev.fare.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.fare.ThreatModel;
import dev.fare.attacks.AutoAttack;
import dev.fare.attacks.Objectives;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.CaptionedImages;
import dev.fare.data.ImageArrays;
import dev.fare.data.ImageFolder;
import dev.fare.evaluation.EvaluationAttack;
import dev.fare.evaluation.EvaluationAttacks;
import dev.fare.evaluation.EvaluationReport;
import dev.fare.evaluation.PairedComparison;
import dev.fare.evaluation.PerceptualSimilarity;
import dev.fare.evaluation.RobustnessEvaluation;
import dev.fare.evaluation.ThreatResult;
import dev.fare.evaluation.TransferMatrix;
import dev.fare.evaluation.audit.RetrievalAudit;
import dev.fare.evaluation.drift.DriftReport;
import dev.fare.evaluation.drift.EmbeddingDrift;
import dev.fare.evaluation.drift.EncoderAttack;
import dev.fare.evaluation.guard.InputGuard;
import dev.fare.evaluation.report.ReportFiles;
import dev.fare.evaluation.report.ReportModel;
import dev.fare.evaluation.report.Verdict;
import dev.fare.models.ClipModel;
import dev.fare.models.ResizingEncoder;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.ZeroShotClassifier;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** docs/evaluation.md's Java, top to bottom; {@link DocsTest} compares and runs it. */
final class EvaluationSnippets {

  private EvaluationSnippets() {}

  static List<EvaluationAttack> attacks() {
    List<EvaluationAttack> attacks =
        List.of(
            EvaluationAttacks.pgd(20, 1, 0), // steps, restarts, seed: a first look
            EvaluationAttacks.apgdCrossEntropy(100, 5, 0), // steps, restarts, seed
            EvaluationAttacks.apgdTargeted(100, 9, 0), // steps, targets, seed
            EvaluationAttacks.square(5_000, 0), // queries, seed: no gradients
            EvaluationAttacks.autoAttack(AutoAttack.Version.STANDARD, 0));
    return attacks;
  }

  static void page() throws IOException {
    ClipModel clip = ClipModel.load(Path.of("fare-quickstart/original"));
    RobustClipEncoder robust = RobustClipEncoder.load(Path.of("fare-quickstart/robust"));
    ImageFolder drawings = ImageFolder.of(Path.of("fare-quickstart/drawings"));
    ZeroShotClassifier original = clip.zeroShotClassifier(drawings.classNames());
    ZeroShotClassifier fare = original.withImageEncoder(robust);

    RobustnessEvaluation.Builder builder =
        RobustnessEvaluation.builder(robust.imageSize())
            .model("original", original)
            .model("FARE", fare)
            .linf(2 / 255.0, 4 / 255.0)
            .cascade(true) // an attack runs on what the ones before have left
            .workers(2)
            .journal(Path.of("evaluation.journal")); // where it goes on if it was stopped
    EvaluationAttacks.zeroShotProtocol(drawings.classNames().size(), 0).forEach(builder::attack);
    RobustnessEvaluation evaluation = builder.build();
    EvaluationReport report = evaluation.evaluate("drawings", drawings);

    ThreatModel threat = ThreatModel.linf(4 / 255.0);
    ThreatResult result = report.model("FARE").under(threat);
    double share = result.robust().value(); // in [0,1]
    double atLeast = result.robust().interval().low(); // 95 %, Wilson's
    PairedComparison pair = PairedComparison.under(threat, report, "original", "FARE");
    System.out.printf("%.3f, at least %.3f, p = %.2g%n", share, atLeast, pair.pValue());

    TransferMatrix matrix = evaluation.transfer("drawings", drawings, "APGD-CE", threat);
    double blind = matrix.accuracy("original", "FARE").value(); // made on one, shown to the other

    ResizingEncoder small = new ResizingEncoder(robust, 32); // takes images of 32 × 32
    ZeroShotClassifier atOwnSize = original.withImageEncoder(small);

    DriftReport drift =
        EmbeddingDrift.builder(robust.imageSize(), clip.imageEncoder()) // clean images belong here
            .encoder("original", clip.imageEncoder())
            .encoder("FARE", robust)
            .attack(
                EncoderAttack.of(
                    "PGD",
                    "50 steps",
                    ball -> PgdAttack.builder(ball).steps(50).build(),
                    Objectives::embeddingDistance))
            .linf(4 / 255.0)
            .build()
            .evaluate("drawings", drawings);

    ImageFolder usual = ImageFolder.unlabelled(Path.of("everyday")); // what the application gets
    InputGuard guard = InputGuard.calibrate(clip.imageEncoder(), robust, usual, 0.05);
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray pixels = ImageArrays.pixels(drawings, List.of(0), robust.imageSize(), manager);
      boolean alarm = guard.isSuspicious(pixels)[0];
      System.out.println(alarm ? "tampered with" : "nothing unusual");
    }

    PerceptualSimilarity similarity = PerceptualSimilarity.of(robust);
    List<PerceptualSimilarity.Pair> pairs = similarity.duplicates(drawings, 0.95); // best first
    assertThat(blind).isEqualTo(share); // the same weights twice
    assertThat(drift.encoders()).hasSize(2);
    assertThat(pairs).isEmpty();
    atOwnSize.close();
    fare.close();
    original.close();
    robust.close();
    clip.close();
  }

  static void retrieval() throws IOException {
    CaptionedImages photos = CaptionedImages.csv(Path.of("photos.csv")); // path,caption
    ReportModel searched =
        RetrievalAudit.of(photos, "photos")
            .model("original", Path.of("fare-quickstart/original"))
            .model("FARE", Path.of("fare-quickstart/robust"))
            .attack(RetrievalAudit.attack(100, 1, 0)) // steps, restarts, seed
            .linf(4 / 255.0)
            .build()
            .run();
    ReportFiles.write(searched, Path.of("retrieval.html"));
  }

  static void gate() throws IOException {
    ReportModel audited = ReportFiles.read(Path.of("report.json"));
    double robustShare = Verdict.decisive(audited.evaluations().get(0)).robust().value();
    if (robustShare < 0.3) {
      throw new IllegalStateException("only " + robustShare + " of the images are robust");
    }
  }
}
