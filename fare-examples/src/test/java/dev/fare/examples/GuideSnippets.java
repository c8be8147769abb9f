package dev.fare.examples;

import ai.djl.ndarray.NDArray;
import dev.fare.Classifier;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.AutoAttack;
import dev.fare.attacks.Objectives;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.CaptionedImages;
import dev.fare.data.ImageDataset;
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
import dev.fare.training.FareTrainer;
import dev.fare.training.ModelCard;
import dev.fare.training.TrainingSummary;
import dev.fare.training.metrics.CsvMetrics;
import dev.fare.training.metrics.JsonLinesMetrics;
import dev.fare.training.metrics.ProgressBar;
import dev.fare.training.metrics.TensorBoardMetrics;
import dev.fare.training.validation.EarlyStop;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The guide's Java, compiled as it stands there; {@link GuideTest} compares and runs it. */
final class GuideSnippets {

  private GuideSnippets() {}

  static List<ThreatModel> threatModels() {
    ThreatModel invisible = ThreatModel.linf(4 / 255.0); // each value moves by 4 of 255 at most
    ThreatModel total = ThreatModel.l2(0.5); // the Euclidean length of the whole change
    ThreatModel sparse = ThreatModel.l1(12); // the sum of all changes: few pixels, strongly
    return List.of(invisible, total, sparse);
  }

  static EvaluationReport evaluation(
      Classifier original, Classifier robust, ImageDataset data, int seed) {
    RobustnessEvaluation.Builder builder =
        RobustnessEvaluation.builder(224)
            .model("original", original)
            .model("FARE", robust)
            .linf(2 / 255.0, 4 / 255.0)
            .cascade(true) // an attack runs on what the ones before have left
            .workers(2)
            .journal(Path.of("evaluation.journal")); // goes on from here if it is stopped
    EvaluationAttacks.zeroShotProtocol(data.classNames().size(), seed).forEach(builder::attack);
    EvaluationReport report = builder.build().evaluate("validation", data);
    return report;
  }

  static List<EvaluationAttack> attacks() {
    List<EvaluationAttack> attacks =
        List.of(
            EvaluationAttacks.pgd(20, 1, 0), // a first look
            EvaluationAttacks.apgdCrossEntropy(100, 5, 0), // iterations, restarts, seed
            EvaluationAttacks.apgdTargeted(100, 9, 0), // iterations, targets, seed
            EvaluationAttacks.square(5_000, 0), // black box: does the gradient lie?
            EvaluationAttacks.autoAttack(AutoAttack.Version.STANDARD, 0));
    return attacks;
  }

  static String compare(EvaluationReport report) {
    ThreatModel threat = ThreatModel.linf(4 / 255.0);
    ThreatResult robust = report.model("FARE").under(threat);
    double share = robust.robust().value(); // in [0,1]
    double atLeast = robust.robust().interval().low(); // 95 %, Wilson's
    PairedComparison pair = PairedComparison.under(threat, report, "original", "FARE");
    String words =
        "%.3f (at least %.3f), p = %.2g against the original"
            .formatted(share, atLeast, pair.pValue());
    return words;
  }

  static TransferMatrix transfer(RobustnessEvaluation evaluation, ImageDataset data) {
    TransferMatrix matrix =
        evaluation.transfer("validation", data, "PGD", ThreatModel.linf(4 / 255.0));
    double blind = matrix.accuracy("original", "FARE").value(); // made on one, shown to the other
    assert blind >= 0;
    return matrix;
  }

  static DriftReport drift(RobustClipEncoder original, RobustClipEncoder robust, Path folder)
      throws IOException {
    DriftReport drift =
        EmbeddingDrift.builder(original.imageSize(), original) // where clean images belong
            .encoder("original", original)
            .encoder("FARE", robust)
            .attack(
                EncoderAttack.of(
                    "PGD",
                    "50 steps",
                    threat -> PgdAttack.builder(threat).steps(50).build(),
                    Objectives::embeddingDistance))
            .linf(4 / 255.0)
            .build()
            .evaluate("our photographs", ImageFolder.of(folder));
    return drift;
  }

  static ZeroShotClassifier small(ZeroShotClassifier classifier, RobustClipEncoder encoder) {
    ResizingEncoder small = new ResizingEncoder(encoder, 32); // images of 32 × 32 go in
    ZeroShotClassifier atOwnSize = classifier.withImageEncoder(small);
    return atOwnSize;
  }

  static boolean guard(
      RobustClipEncoder original, RobustClipEncoder robust, ImageDataset usual, NDArray pixels) {
    InputGuard guard = InputGuard.calibrate(original, robust, usual, 0.05);
    boolean alarm = guard.isSuspicious(pixels)[0];
    return alarm;
  }

  static List<PerceptualSimilarity.Pair> duplicates(RobustClipEncoder robust, Path folder)
      throws IOException {
    PerceptualSimilarity similarity = PerceptualSimilarity.of(robust);
    List<PerceptualSimilarity.Pair> pairs =
        similarity.duplicates(ImageFolder.of(folder), 0.95); // the most similar first
    return pairs;
  }

  static ReportModel retrieval(Path list, Path original, Path robust) throws IOException {
    CaptionedImages photos = CaptionedImages.csv(list); // a path may have many lines
    ReportModel searched =
        RetrievalAudit.of(photos, "photos")
            .model("original", original) // directories
            .model("FARE", robust)
            .attack(RetrievalAudit.attack(100, 1, 0)) // iterations, restarts, seed
            .linf(4 / 255.0)
            .build()
            .run();
    return searched;
  }

  static double gate(Path json) throws IOException {
    ReportModel report = ReportFiles.read(json);
    double robust = Verdict.decisive(report.evaluations().get(0)).robust().value();
    return robust;
  }

  static void watch(
      ClipModel clip, ImageDataset images, ImageDataset unseen, int steps, Path run, Path output)
      throws IOException {
    ApgdAttack apgd = ApgdAttack.builder(ThreatModel.linf(4 / 255.0)).steps(50).build();
    try (FareTrainer<RobustClipEncoder> trainer =
        FareTrainer.builder(clip.imageEncoder())
            .attack(PgdAttack.builder(ThreatModel.linf(4 / 255.0)).build())
            .steps(steps)
            .averageDecay(0.999)
            .checkpoints(run)
            .validation(clip.accuracy(unseen, unseen.classNames(), apgd), 500) // images with labels
            .earlyStop(EarlyStop.whenNotRising("robust_accuracy", 5).restoreBest(true))
            .listener(new ProgressBar(System.err))
            .listener(new CsvMetrics(run.resolve("metrics.csv")))
            .listener(new JsonLinesMetrics(run.resolve("metrics.jsonl")))
            .listener(new TensorBoardMetrics(run.resolve("events")))
            .build()) {
      TrainingSummary summary = trainer.fit(images);
      try (RobustClipEncoder average = trainer.averagedEncoder()) {
        average.save(output);
      }
      ModelCard.of("fare4-clip-vit-l-14", summary)
          .license("mit")
          .baseModel("openai/clip-vit-large-patch14")
          .threatModel("l∞ 4/255")
          .command("java -jar tuning.jar")
          .write(output); // README.md and training.json
    }
  }
}
