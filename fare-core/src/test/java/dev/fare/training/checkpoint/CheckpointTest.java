package dev.fare.training.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.hash.Hashing;
import dev.fare.data.InMemoryImages;
import dev.fare.training.FareTrainer;
import dev.fare.training.Runs;
import dev.fare.training.StepResult;
import dev.fare.training.TanhEncoder;
import dev.fare.training.TrainingListener;
import dev.fare.training.TrainingSummary;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {

  private final Path directory;
  private final TanhEncoder encoder = TanhEncoder.seeded(1);

  CheckpointTest(@TempDir Path temporary) {
    directory = temporary.resolve("runs/fare4");
  }

  @AfterEach
  void close() {
    encoder.close();
  }

  /** Trains up to a step and leaves checkpoints of 2, 4, … behind. */
  private void trainTo(long step) {
    try (TanhEncoder first = TanhEncoder.seeded(1)) {
      FareTrainer<?>[] trainer = new FareTrainer<?>[1];
      trainer[0] =
          Runs.builder(first, directory).listener(new Runs.CancelAfter(step, trainer)).build();
      trainer[0].fit(Runs.IMAGES);
      trainer[0].close();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 4, 7})
  void goesOnBitForBitAsIfItHadNeverStopped(long stop) {
    trainTo(stop);

    try (FareTrainer<?> trainer = Runs.builder(encoder, directory).build()) {
      assertThat(trainer.step()).isEqualTo(stop);
      TrainingSummary summary = trainer.fit(Runs.IMAGES);

      assertThat(summary.firstStep()).isEqualTo(stop);
      assertThat(summary.warnings()).isEmpty();
      assertThat(Runs.results(encoder, trainer)).isDeepEqualTo(Runs.undisturbed());
    }
  }

  @Test
  void keepsTheNewestAndTheMilestones() throws Exception {
    try (FareTrainer<?> trainer =
        Runs.builder(encoder, directory).keepCheckpoints(1).milestoneEvery(3).build()) {
      trainer.fit(Runs.IMAGES);
    }

    assertThat(Runs.names(directory))
        .containsExactly("step-000000003", "step-000000006", "step-000000008");
  }

  /** Lucene's ways of damaging what a crash left unsynced, and a flipped bit. */
  enum Damage {
    DELETED,
    EMPTIED,
    TRUNCATED,
    ZEROED,
    BIT_FLIPPED;

    void inflict(Path file) throws IOException {
      if (this == DELETED) {
        Files.delete(file);
        return;
      }
      try (RandomAccessFile content = new RandomAccessFile(file.toFile(), "rw")) {
        long length = content.length();
        switch (this) {
          case EMPTIED -> content.setLength(0);
          case TRUNCATED -> content.setLength(length - 7);
          case ZEROED -> content.write(new byte[(int) length]);
          default -> {
            content.seek(length / 2);
            int value = content.read();
            content.seek(length / 2);
            content.write(value ^ 4);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "weights.safetensors,DELETED",
    "weights.safetensors,EMPTIED",
    "weights.safetensors,TRUNCATED",
    "weights.safetensors,ZEROED",
    "weights.safetensors,BIT_FLIPPED",
    "optimizer.safetensors,BIT_FLIPPED",
    "average.safetensors,TRUNCATED",
    "state.json,DELETED",
    "state.json,ZEROED",
    "state.json,BIT_FLIPPED",
    "manifest.json,DELETED",
    "manifest.json,EMPTIED",
    "manifest.json,TRUNCATED",
    "manifest.json,ZEROED",
    "manifest.json,BIT_FLIPPED"
  })
  void passesOverADamagedCheckpointAndStillEndsWithTheSameWeights(String file, Damage damage)
      throws Exception {
    trainTo(4);
    Path newest = directory.resolve("step-000000004");
    damage.inflict(newest.resolve(file));

    try (FareTrainer<?> trainer = Runs.builder(encoder, directory).build()) {
      assertThat(trainer.step()).isEqualTo(2);
      TrainingSummary summary = trainer.fit(Runs.IMAGES);

      assertThat(summary.warnings()).singleElement().asString().contains(newest.toString());
      assertThat(Runs.results(encoder, trainer)).isDeepEqualTo(Runs.undisturbed());
    }
    new Checkpoint(directory.resolve("step-000000008"), 8).verify();
  }

  /** Whatever a manifest or a state says, the checkpoint before is used. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'format': 1, 'files': {'state.json': null}}",
        "{'format': 1, 'files': {'state.json': {'bytes': 1}}}",
        "{'format': 1, 'files': {'state.json': {'bytes': 1, 'sha256': 'a'}, 'a\\u0000b': null}}",
        "{'format': 1, 'files': {'state.json': {'bytes': 1, 'sha256': 'a'}, '../lock': null}}",
        "[]"
      })
  void passesOverAManifestThatMakesNoSense(String manifest) throws Exception {
    trainTo(4);
    Path newest = directory.resolve("step-000000004");
    Files.writeString(newest.resolve("manifest.json"), manifest.replace('\'', '"'));

    try (FareTrainer<?> trainer = Runs.builder(encoder, directory).build()) {
      assertThat(trainer.step()).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "\"warnings\": \\[[^\\]]*\\]; \"warnings\": null",
        "\"recent\": \\[; \"recent\": [null,",
        "\"recent\": \\[; \"recent\": [\"0.4x\",",
        "\"settings\": \\{; \"settings\": {\"other\": null,",
        "\"step\": 4,; \"step\": 3,"
      })
  void passesOverAStateThatMakesNoSense(String pattern, String replacement) throws Exception {
    trainTo(4);
    Path newest = directory.resolve("step-000000004");
    Path state = newest.resolve("state.json");
    Path manifest = newest.resolve("manifest.json");
    String before = Files.readString(state);
    String after = before.replaceFirst(pattern, replacement);
    assertThat(after).isNotEqualTo(before);
    Files.writeString(state, after);
    Files.writeString(
        manifest,
        Files.readString(manifest)
            .replace(sha256(before), sha256(after))
            .replace("\"bytes\": " + before.length(), "\"bytes\": " + after.length()));

    try (FareTrainer<?> trainer = Runs.builder(encoder, directory).build()) {
      assertThat(trainer.step()).isEqualTo(2);
      assertThat(trainer.fit(Runs.IMAGES).warnings())
          .singleElement()
          .asString()
          .contains(newest.toString());
    }
  }

  private static String sha256(String text) {
    return Hashing.sha256().hashString(text, StandardCharsets.UTF_8).toString();
  }

  @Test
  void refusesToStartOverWhenEveryCheckpointIsDamaged() throws Exception {
    trainTo(2);
    Damage.BIT_FLIPPED.inflict(directory.resolve("step-000000002/weights.safetensors"));
    float[] before = encoder.values();

    assertThatThrownBy(() -> Runs.builder(encoder, directory).build())
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("none of the 1 checkpoints in " + directory + " is whole")
        .hasMessageContaining("to start over, remove them");
    assertThat(encoder.values()).containsExactly(before);
  }

  @Test
  void clearsAwayWhatAKilledRunLeftHalfWritten() throws Exception {
    trainTo(2);
    Path half = Files.createDirectory(directory.resolve(".step-000000004.1234.tmp"));
    Files.writeString(half.resolve("weights.safetensors"), "half");

    try (FareTrainer<?> trainer = Runs.builder(encoder, directory).build()) {
      assertThat(trainer.step()).isEqualTo(2);
    }
    assertThat(Runs.names(directory)).containsExactly("step-000000002");
  }

  @Test
  void refusesASecondTrainerOnTheSameDirectory() {
    try (FareTrainer<?> first = Runs.builder(encoder, directory).build()) {
      assertThatThrownBy(() -> Runs.builder(encoder, directory).build())
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              String.format(
                  Locale.ROOT,
                  "another trainer is at work in %s; wait for it, or choose another directory",
                  directory));
      first.checkpoint();
    }
    Runs.builder(encoder, directory).build().close();
  }

  @Test
  void refusesToGoOnWithOtherSettingsAnotherOriginalOrOtherData() {
    trainTo(2);

    assertThatThrownBy(() -> Runs.builder(encoder, directory).learningRate(1).build())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("learningRate was 0.01 there and is 1.0 here");
    try (TanhEncoder other = TanhEncoder.seeded(2)) {
      assertThatThrownBy(() -> Runs.builder(other, directory).build())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("the original encoder has other weights");
    }
    InMemoryImages data = InMemoryImages.of(new float[48], TanhEncoder.SIDE);
    try (FareTrainer<?> trainer = Runs.builder(encoder, directory).build()) {
      assertThatThrownBy(() -> trainer.fit(data))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("the run began on other data");
    }
  }

  @Test
  void allowsSmallerPartsAndSaysSo() {
    trainTo(2);

    try (FareTrainer<?> trainer = Runs.builder(encoder, directory).microBatchSize(2).build()) {
      TrainingSummary summary = trainer.fit(Runs.IMAGES);
      assertThat(summary.warnings())
          .singleElement()
          .asString()
          .startsWith("microBatchSize was 3 up to step 2 and is 2 since");
    }
  }

  @Test
  void stopsWithTheErrorWhenACheckpointCantBeWrittenAndKeepsTheOneBefore() throws Exception {
    FareTrainer<?> trainer = Runs.builder(encoder, directory).build();
    trainer.checkpoint();
    Path aside = directory.resolveSibling("moved-away");
    Files.move(directory, aside);

    assertThatThrownBy(() -> trainer.fit(Runs.IMAGES))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("the checkpoint of step 2 could not be written to " + directory)
        .hasMessageContaining("the one before is intact");
    new Checkpoint(aside.resolve("step-000000000"), 0).verify();
    trainer.close();
  }

  @Test
  void writesTheLastCheckpointEvenWhenTheThreadIsInterrupted() throws Exception {
    TrainingListener interruption =
        new TrainingListener() {
          @Override
          public void onStep(StepResult result) {
            if (result.step() == 3) {
              Thread.currentThread().interrupt();
            }
          }
        };
    try (FareTrainer<?> trainer = Runs.builder(encoder, directory).listener(interruption).build()) {
      TrainingSummary summary = trainer.fit(Runs.IMAGES);

      assertThat(Thread.interrupted()).isTrue();
      assertThat(summary.lastStep()).isEqualTo(3);
    }
    assertThat(Runs.names(directory)).containsExactly("step-000000002", "step-000000003");
  }
}
