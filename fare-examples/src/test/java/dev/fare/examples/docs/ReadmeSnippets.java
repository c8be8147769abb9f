package dev.fare.examples.docs;

import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import dev.fare.ThreatModel;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.ImageFolder;
import dev.fare.evaluation.EvaluationAttacks;
import dev.fare.evaluation.audit.ZeroShotAudit;
import dev.fare.evaluation.report.ReportFiles;
import dev.fare.evaluation.report.ReportModel;
import dev.fare.evaluation.report.Verdict;
import dev.fare.models.RobustClipEncoder;
import dev.fare.training.FareTrainer;
import java.io.IOException;
import java.nio.file.Path;

/** README.md's Java; {@link DocsTest} compares and runs it. */
final class ReadmeSnippets {

  private ReadmeSnippets() {}

  static void integrator() throws IOException {
    try (RobustClipEncoder encoder = RobustClipEncoder.load(Path.of("fare-quickstart/robust"))) {
      Image photo = ImageFactory.getInstance().fromFile(Path.of("photo.jpg"));
      float[] embedding = encoder.embed(photo);
      System.out.println("an embedding of " + embedding.length + " values");
    }
  }

  static void auditor() throws IOException {
    ReportModel report =
        ZeroShotAudit.of(Path.of("fare-quickstart/drawings")) // a sub-folder for each class
            .model("original", Path.of("fare-quickstart/original"))
            .model("FARE", Path.of("fare-quickstart/robust"))
            .attack(EvaluationAttacks.apgdCrossEntropy(40, 1, 0)) // steps, restarts, seed
            .linf(2 / 255.0, 4 / 255.0)
            .build()
            .run();
    ReportFiles.write(report, Path.of("report.html"));
    System.out.println(Verdict.of(report).headline());
  }

  static void trainer() throws IOException {
    PgdAttack pgd =
        PgdAttack.builder(ThreatModel.linf(4 / 255.0)).steps(10).stepSize(1 / 255.0).build();
    try (RobustClipEncoder encoder = RobustClipEncoder.load(Path.of("clip"));
        FareTrainer<RobustClipEncoder> trainer =
            FareTrainer.builder(encoder)
                .attack(pgd)
                .steps(20_000)
                .batchSize(128)
                .checkpoints(Path.of("runs/fare4"))
                .build()) {
      trainer.fit(ImageFolder.unlabelled(Path.of("photos")));
      encoder.save(Path.of("robust-clip"));
    }
  }
}
