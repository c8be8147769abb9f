package dev.fare.training.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.fare.training.ChildJvm;
import dev.fare.training.FareTrainer;
import dev.fare.training.Runs;
import dev.fare.training.TanhEncoder;
import dev.fare.training.TrainingSummary;
import dev.fare.training.WrappedEncoder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Where checkpoints lie: which are kept, who holds the directory, and what can't be written. */
class CheckpointDirectoryTest {

  @TempDir private Path temporary;

  private Path directory;

  private final TanhEncoder encoder = TanhEncoder.seeded(1);

  @BeforeEach
  void chooseDirectory() {
    directory = temporary.resolve("run");
  }

  @AfterEach
  void close() {
    encoder.close();
  }

  private static FareTrainer.Builder<?> sparing(TanhEncoder trained, Path directory) {
    return Runs.builder(trained, directory).keepCheckpoints(1).milestoneEvery(3);
  }

  private void trainTo(long step) {
    try (TanhEncoder trained = TanhEncoder.seeded(1)) {
      FareTrainer<?>[] trainer = new FareTrainer<?>[1];
      trainer[0] =
          sparing(trained, directory).listener(new Runs.CancelAfter(step, trainer)).build();
      trainer[0].fit(Runs.IMAGES);
      trainer[0].close();
    }
  }

  private void damage(String checkpoint) throws IOException {
    Files.writeString(directory.resolve(checkpoint).resolve("weights.safetensors"), "damaged");
  }

  /** The milestone of step 3 is good, the newest is damaged, and no step overwrites it. */
  @Test
  void keepsWhatIsWrittenAfterADamagedCheckpointWasPassedOver() throws Exception {
    trainTo(7);
    assertThat(Runs.names(directory))
        .containsExactly("step-000000003", "step-000000006", "step-000000007");
    damage("step-000000006");
    damage("step-000000007");

    trainTo(4);
    assertThat(Runs.names(directory))
        .containsExactly(
            "damaged-step-000000006", "damaged-step-000000007", "step-000000003", "step-000000004");

    try (FareTrainer<?> trainer = sparing(encoder, directory).build()) {
      assertThat(trainer.step()).isEqualTo(4);
      assertThat(trainer.checkpoint()).isDirectory();
      TrainingSummary summary = trainer.fit(Runs.IMAGES);

      assertThat(trainer.checkpoint()).isDirectory();
      assertThat(summary.warnings()).hasSize(2).allMatch(each -> each.contains("passed over"));
      assertThat(Runs.results(encoder, trainer)).isDeepEqualTo(Runs.undisturbed());
    }
    assertThat(Runs.names(directory))
        .containsExactly("step-000000003", "step-000000006", "step-000000008");
  }

  @Test
  void leavesEverythingInItsPlaceWhenNoCheckpointIsWhole() throws Exception {
    trainTo(4);
    damage("step-000000003");
    damage("step-000000004");

    assertThatThrownBy(() -> sparing(encoder, directory).build())
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("none of the 2 checkpoints");
    assertThat(Runs.names(directory)).containsExactly("step-000000003", "step-000000004");
  }

  /** What another process runs that wants the same directory. */
  static final class Intruder {

    private Intruder() {}

    public static void main(String[] arguments) throws Exception {
      try (CheckpointDirectory opened = CheckpointDirectory.open(Path.of(arguments[0]))) {
        System.out.println("opened " + opened.path());
        if (System.in.read() >= 0) {
          System.out.println("closed");
        }
      } catch (IllegalStateException e) {
        System.out.println("refused " + e.getMessage());
      }
    }
  }

  private ChildJvm intruder() throws IOException {
    return ChildJvm.start(List.of(), temporary.resolve("errors.txt"), Intruder.class, directory);
  }

  @Test
  void staysLockedAgainstAnotherProcessAfterASecondTrainerOfThisOneWasRefused() throws Exception {
    CheckpointDirectory held = CheckpointDirectory.open(directory);
    Path alias = Files.createSymbolicLink(temporary.resolve("alias"), directory);
    for (Path same : List.of(directory, alias)) {
      assertThatThrownBy(() -> CheckpointDirectory.open(same))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith("another trainer is at work in " + same);
    }
    ChildJvm refused = intruder();
    refused.process().getOutputStream().close(); // one that is let in ends, too
    assertThat(refused.remainingLines())
        .containsExactly(
            "refused another trainer is at work in "
                + directory
                + "; wait for it, or choose another directory");
    held.close();

    ChildJvm holder = intruder();
    assertThat(holder.awaitLine(line -> true)).startsWith("opened");
    assertThatThrownBy(() -> CheckpointDirectory.open(directory))
        .isInstanceOf(IllegalStateException.class);
    holder.kill();
    CheckpointDirectory.open(directory).close();
  }

  @Test
  void aTrainerThatIsRefusedHasCopiedNothingAndChangedNoReplica() throws Exception {
    WrappedEncoder trained = new WrappedEncoder(encoder);
    TanhEncoder replica = TanhEncoder.seeded(7);
    float[] before = replica.values();
    FareTrainer.Builder<?> builder =
        Runs.builder(trained).replicas(List.of(replica)).checkpoints(directory);
    try (CheckpointDirectory held = CheckpointDirectory.open(directory)) {
      assertThatThrownBy(builder::build).hasMessageContaining("at work in " + held.path());
    }
    assertThat(trained.openCopies()).isZero();
    assertThat(replica.values()).containsExactly(before);

    // and one that fails later, on another run's checkpoints, has closed what it made
    trainTo(2);
    assertThatThrownBy(builder.seed(6)::build).hasMessageContaining("seed was 5 there");
    assertThat(trained.openCopies()).isZero();
    assertThat(replica.values()).containsExactly(before);
    try (FareTrainer<?> trainer = builder.seed(5).build()) {
      assertThat(trainer.step()).isEqualTo(2);
      assertThat(replica.values()).containsExactly(encoder.values());
    }
    assertThat(trained.openCopies()).isZero();
    replica.close();
  }

  @Test
  void saysWhenAFileIsInTheWay() throws Exception {
    Files.writeString(directory, "a file");

    for (Path taken : List.of(directory, directory.resolve("below"))) {
      assertThatThrownBy(() -> Runs.builder(encoder, taken).build())
          .isInstanceOf(UncheckedIOException.class)
          .hasMessageStartingWith("checkpoints can't be kept in " + taken);
    }
  }

  @Test
  void stopsWithTheErrorWhenTheDirectoryIsReplacedByAFile() throws Exception {
    try (FareTrainer<?> trainer = Runs.builder(encoder, directory).build()) {
      trainer.checkpoint();
      Path aside = Files.move(directory, temporary.resolve("aside"));
      Files.writeString(directory, "a file");

      assertThatThrownBy(() -> trainer.fit(Runs.IMAGES))
          .isInstanceOf(UncheckedIOException.class)
          .hasMessageStartingWith("the checkpoint of step 2 could not be written to " + directory);
      assertThat(trainer.step()).isEqualTo(2);
      new Checkpoint(aside.resolve("step-000000000"), 0).verify();
    }
    assertThat(directory).hasContent("a file");
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void stopsWithTheErrorWhenTheDirectoryIsReadOnly() throws Exception {
    try (FareTrainer<?> trainer = Runs.builder(encoder, directory).build()) {
      Path before = trainer.checkpoint();
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("r-xr-xr-x"));
      try {
        assumeThat(Files.isWritable(directory)).as("root writes everywhere").isFalse();
        assertThatThrownBy(() -> trainer.fit(Runs.IMAGES))
            .isInstanceOf(UncheckedIOException.class)
            .hasMessageContaining("AccessDenied")
            .hasMessageEndingWith("the one before is intact: " + before);
        new Checkpoint(before, 0).verify();
      } finally {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
      }
    }
  }
}
