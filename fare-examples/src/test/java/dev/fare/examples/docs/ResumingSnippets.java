package dev.fare.examples.docs;

import dev.fare.ThreatModel;
import dev.fare.attacks.PgdAttack;
import dev.fare.data.ImageFolder;
import dev.fare.models.RobustClipEncoder;
import dev.fare.training.FareTrainer;
import java.io.IOException;
import java.nio.file.Path;

/** docs/resuming.md's Java; {@link DocsTest} compares and runs it. */
final class ResumingSnippets {

  private ResumingSnippets() {}

  static void resumed() throws IOException {
    try (RobustClipEncoder encoder = RobustClipEncoder.load(Path.of("clip"));
        FareTrainer<RobustClipEncoder> trainer =
            FareTrainer.builder(encoder)
                .attack(PgdAttack.builder(ThreatModel.linf(4 / 255.0)).build())
                .steps(2_000)
                .batchSize(32)
                .checkpoints(Path.of("runs/resumed"))
                .checkpointEvery(200)
                .keepCheckpoints(3) // the newest ones
                .milestoneEvery(500) // these stay for good
                .build()) {
      trainer.fit(ImageFolder.unlabelled(Path.of("photos")));
      if (trainer.isFinished()) {
        encoder.save(Path.of("resumed-clip"));
      }
    }
  }
}
