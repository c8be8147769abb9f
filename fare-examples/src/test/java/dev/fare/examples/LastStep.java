package dev.fare.examples;

import com.google.common.hash.Hashing;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.fare.ThreatModel;
import dev.fare.attacks.PgdAttack;
import dev.fare.models.RobustClipEncoder;
import dev.fare.training.FareTrainer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Leaves a test one step of a long training. */
final class LastStep {

  private LastStep() {}

  /**
   * Writes a checkpoint of untrained weights, as if it were of the step before the last. Only a
   * training with the README's settings goes on from it.
   */
  static void place(Path clip, Path run, int steps) throws IOException {
    Path written;
    try (RobustClipEncoder encoder = RobustClipEncoder.load(clip);
        FareTrainer trainer =
            FareTrainer.builder(encoder)
                .attack(PgdAttack.builder(ThreatModel.linf(4 / 255.0)).stepSize(1 / 255.0).build())
                .learningRate(1e-5)
                .weightDecay(1e-4)
                .warmupSteps(1_400)
                .steps(steps)
                .batchSize(128)
                .checkpoints(run)
                .build()) {
      written = trainer.checkpoint();
    }
    Path state = written.resolve("state.json");
    JsonObject said = read(state);
    said.addProperty("step", steps - 1);
    byte[] bytes = said.toString().getBytes(StandardCharsets.UTF_8);
    Files.write(state, bytes);
    Path manifest = written.resolve("manifest.json");
    JsonObject files = read(manifest);
    JsonObject digest = files.getAsJsonObject("files").getAsJsonObject("state.json");
    digest.addProperty("bytes", bytes.length);
    digest.addProperty("sha256", Hashing.sha256().hashBytes(bytes).toString());
    Files.writeString(manifest, files.toString());
    Files.move(written, run.resolve("step-%09d".formatted(steps - 1)));
  }

  private static JsonObject read(Path file) throws IOException {
    return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
  }
}
