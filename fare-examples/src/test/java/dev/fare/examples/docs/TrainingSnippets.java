package dev.fare.examples.docs;

import ai.djl.ndarray.NDManager;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.ImageFolder;
import dev.fare.data.ImageSubset;
import dev.fare.models.ClipModel;
import dev.fare.models.RobustClipEncoder;
import dev.fare.models.ZeroShotClassifier;
import dev.fare.training.FareTrainer;
import dev.fare.training.ModelCard;
import dev.fare.training.TrainingSummary;
import dev.fare.training.loss.TrainingLoss;
import dev.fare.training.metrics.CsvMetrics;
import dev.fare.training.metrics.JsonLinesMetrics;
import dev.fare.training.metrics.ProgressBar;
import dev.fare.training.metrics.TensorBoardMetrics;
import dev.fare.training.validation.EarlyStop;
import java.io.IOException;
import java.nio.file.Path;

/** docs/training.md's Java; {@link DocsTest} compares and runs it. */
final class TrainingSnippets {

  private TrainingSnippets() {}

  static void recipe() throws IOException {
    try (RobustClipEncoder encoder = RobustClipEncoder.load(Path.of("clip"));
        FareTrainer<RobustClipEncoder> trainer =
            FareTrainer.builder(encoder)
                .attack(
                    PgdAttack.builder(ThreatModel.linf(4 / 255.0))
                        .steps(10)
                        .stepSize(1 / 255.0)
                        .build())
                .learningRate(1e-5)
                .weightDecay(1e-4)
                .warmupSteps(1_400)
                .steps(20_000)
                .batchSize(128)
                .checkpoints(Path.of("runs/fare4"))
                .build()) {
      TrainingSummary summary = trainer.fit(ImageFolder.unlabelled(Path.of("photos")));
      System.out.println(summary.toJson());
      encoder.save(Path.of("robust-clip"));
    }
  }

  static void tecoa() throws IOException {
    ImageFolder photos = ImageFolder.of(Path.of("photos")); // a sub-folder for each class
    try (ClipModel clip = ClipModel.load(Path.of("clip"));
        ZeroShotClassifier classifier = clip.zeroShotClassifier(photos.classNames());
        NDManager manager = NDManager.newBaseManager();
        FareTrainer<RobustClipEncoder> trainer =
            FareTrainer.builder(clip.imageEncoder())
                .loss(TrainingLoss.tecoa(classifier.classEmbeddings(manager)))
                .attack(PgdAttack.builder(ThreatModel.linf(4 / 255.0)).build())
                .steps(2_000)
                .batchSize(32)
                .checkpoints(Path.of("runs/tecoa4"))
                .build()) {
      trainer.fit(photos);
      clip.imageEncoder().save(Path.of("tecoa-clip"));
    }
  }

  static void watched() throws IOException {
    ImageSubset.Split photos = ImageSubset.split(ImageFolder.of(Path.of("photos")), 0.1, 0);
    ImageSubset unseen = photos.second();
    Path run = Path.of("runs/watched");
    ApgdAttack apgd = ApgdAttack.builder(ThreatModel.linf(4 / 255.0)).steps(50).build();
    try (ClipModel clip = ClipModel.load(Path.of("clip"));
        FareTrainer<RobustClipEncoder> trainer =
            FareTrainer.builder(clip.imageEncoder())
                .attack(PgdAttack.builder(ThreatModel.linf(4 / 255.0)).build())
                .steps(2_000)
                .batchSize(32)
                .averageDecay(0.999)
                .checkpoints(run)
                .validation(clip.accuracy(unseen, unseen.classNames(), apgd), 500)
                .earlyStop(EarlyStop.whenNotRising("robust_accuracy", 5).restoreBest(true))
                .listener(new ProgressBar(System.err))
                .listener(new CsvMetrics(run.resolve("metrics.csv")))
                .listener(new JsonLinesMetrics(run.resolve("metrics.jsonl")))
                .listener(new TensorBoardMetrics(run.resolve("events")))
                .build()) {
      TrainingSummary summary = trainer.fit(photos.first());
      try (RobustClipEncoder average = trainer.averagedEncoder()) {
        average.save(Path.of("averaged-clip"));
      }
      ModelCard.of("robust-clip", summary)
          .license("mit")
          .baseModel("openai/clip-vit-large-patch14")
          .threatModel("l∞ 4/255")
          .command("java -jar tuning.jar")
          .write(Path.of("averaged-clip")); // README.md and training.json
    }
  }
}
