package dev.fare.training;

import static java.util.Comparator.naturalOrder;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.fare.training.checkpoint.Checkpoint;
import dev.fare.training.checkpoint.CheckpointDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Training in a Java process of its own, which ends without being asked. */
class KillTest {

  /** {@code '-Dtest.jvm=… -Dfare.test.kills=60'} for more. */
  private static final int KILLS = Integer.getInteger("fare.test.kills", 6);

  /** More than a child makes before each kill. */
  private static final int STEPS = 20 * KILLS;

  @TempDir private Path temporary;

  /** What the child process runs. */
  static final class Child {

    private Child() {}

    public static void main(String[] arguments) {
      try (TanhEncoder encoder = TanhEncoder.seeded(1);
          FareTrainer<?> trainer =
              builder(encoder).listener(new Log()).checkpoints(Path.of(arguments[0])).build()) {
        System.out.println("from " + trainer.step());
        trainer.fit(Runs.IMAGES);
      } catch (RuntimeException e) {
        System.out.println("failed " + e.getMessage());
        System.exit(1);
      }
    }
  }

  private static final class Log implements TrainingListener {

    @Override
    public void onStep(StepResult result) {
      System.out.println("step " + result.step());
    }
  }

  private static FareTrainer.Builder<?> builder(TanhEncoder encoder) {
    return Runs.builder(encoder).steps(STEPS).checkpointEvery(1).keepCheckpoints(2);
  }

  @Test
  void goesOnWhereItWasAfterEveryKillAndEndsWithTheSameWeights() throws Exception {
    Path directory = temporary.resolve("run");
    Random random = new Random(8);
    long written = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      ChildJvm child = start(directory, List.of());
      long from = number(child.awaitLine(line -> line.startsWith("from ")));
      assertThat(from).isGreaterThanOrEqualTo(written);
      // when a step is told of, the checkpoint of the step before is there
      written = awaitSteps(child, 3 + random.nextInt(10)) - 1;
      Thread.sleep(random.nextInt(20)); // somewhere inside of a step or of a checkpoint
      child.kill();
    }

    try (TanhEncoder encoder = TanhEncoder.seeded(1);
        FareTrainer<?> trainer = builder(encoder).checkpoints(directory).build()) {
      assertThat(trainer.step()).isPositive().isBetween(written, STEPS - 1L);
      trainer.fit(Runs.IMAGES);
      assertThat(Runs.results(encoder, trainer)).isDeepEqualTo(undisturbed());
    }
  }

  private static float[][] undisturbed() {
    try (TanhEncoder encoder = TanhEncoder.seeded(1);
        FareTrainer<?> trainer = builder(encoder).build()) {
      trainer.fit(Runs.IMAGES);
      return Runs.results(encoder, trainer);
    }
  }

  /** A process that may write no file beyond 1 kB stands for a disk that is full. */
  @Test
  @DisabledOnOs(OS.WINDOWS)
  void stopsWithTheErrorWhenTheDiskIsFullAndKeepsTheCheckpointBefore() throws Exception {
    Path directory = temporary.resolve("run");
    ChildJvm before = start(directory, List.of());
    awaitSteps(before, 3);
    before.kill();
    long newest = newestStep(directory);

    ChildJvm child = start(directory, List.of("bash", "-c", "ulimit -f 1; exec \"$@\"", "child"));
    List<String> lines = child.remainingLines();
    assertThat(child.process().waitFor(120, TimeUnit.SECONDS)).isTrue();

    assertThat(child.process().exitValue()).isEqualTo(1);
    assertThat(lines).contains("from " + newest);
    assertThat(lines.get(lines.size() - 1))
        .startsWith("failed the checkpoint of step " + (newest + 1) + " could not be written")
        .contains("the one before is intact");
    assertThat(newestStep(directory)).isEqualTo(newest);
  }

  /**
   * A file system of 256 kB of the child's own, which it first fills with checkpoints and then can
   * only read; both stop root, too.
   */
  @ParameterizedTest
  @CsvSource({
    "size=256k,No space left on device",
    "size=64m,Read-only file system",
  })
  @EnabledOnOs(OS.LINUX)
  void stopsWithTheErrorOnAFullAndOnAReadOnlyFileSystem(String options, String error)
      throws Exception {
    Path mounted = Files.createDirectory(temporary.resolve("mounted"));
    String mount = "mount -t tmpfs -o " + options + " none " + mounted;
    assumeThat(new ProcessBuilder("unshare", "-rm", "bash", "-c", mount).start().waitFor())
        .as("file systems of its own, by unshare and mount")
        .isZero();

    ChildJvm child =
        ChildJvm.start(
            List.of("unshare", "-rm", "bash", "-c", mount + " && exec \"$@\"", "child"),
            temporary.resolve("errors.txt"),
            OnItsOwnFileSystem.class,
            mounted);
    List<String> lines = child.remainingLines();

    assertThat(lines).as(Files.readString(temporary.resolve("errors.txt"))).hasSize(2);
    long whole = number(lines.get(1));
    assertThat(whole).isPositive();
    assertThat(lines.get(0))
        .startsWith("failed the checkpoint of step " + (whole + 1) + " could not be written")
        .contains(error)
        .contains("the one before is intact");
  }

  /** Trains until a checkpoint can't be written, and then looks for the one before. */
  static final class OnItsOwnFileSystem {

    private OnItsOwnFileSystem() {}

    public static void main(String[] arguments) throws Exception {
      Path mounted = Path.of(arguments[0]);
      boolean willBeFull = Files.getFileStore(mounted).getTotalSpace() < 1 << 20;
      FareTrainer<?>[] trainer = new FareTrainer<?>[1];
      try (TanhEncoder encoder = TanhEncoder.seeded(1)) {
        trainer[0] =
            builder(encoder)
                .keepCheckpoints(STEPS)
                .checkpoints(mounted.resolve("run"))
                .listener(new Runs.CancelAfter(willBeFull ? STEPS : 3, trainer))
                .build();
        trainer[0].fit(Runs.IMAGES);
        // the lock is open for writing: what lies over its file system can be read-only, it can't
        String readOnly = "mount --bind %1$s %1$s && mount -o remount,bind,ro %1$s";
        String[] command = {"bash", "-c", readOnly.formatted(mounted)};
        new ProcessBuilder(command).inheritIO().start().waitFor();
        trainer[0].fit(Runs.IMAGES);
      } catch (UncheckedIOException e) {
        System.out.println("failed " + e.getMessage());
        System.out.println("whole " + newestWhole(mounted.resolve("run")));
      }
    }

    private static long newestWhole(Path directory) throws IOException {
      try (Stream<Path> entries = Files.list(directory)) {
        Path newest =
            entries.filter(path -> number(path.toString()) >= 0).max(naturalOrder()).orElseThrow();
        Checkpoint checkpoint = new Checkpoint(newest, number(newest.toString()));
        checkpoint.verify();
        return checkpoint.step();
      }
    }
  }

  private static long newestStep(Path directory) throws IOException {
    try (CheckpointDirectory opened = CheckpointDirectory.open(directory)) {
      return opened.newestGood(warning -> {}).orElseThrow().step();
    }
  }

  private ChildJvm start(Path directory, List<String> prefix) throws IOException {
    return ChildJvm.start(prefix, temporary.resolve("errors.txt"), Child.class, directory);
  }

  /** The number of the last of so many steps. */
  private static long awaitSteps(ChildJvm child, int steps) throws IOException {
    String line = "";
    for (int i = 0; i < steps; i++) {
      line = child.awaitLine(each -> each.startsWith("step "));
    }
    return number(line);
  }

  /** The number at the end of a line, -1 without. */
  private static long number(String line) {
    String digits = line.replaceAll(".*?(\\d*)$", "$1");
    return digits.isEmpty() ? -1 : Long.parseLong(digits);
  }
}
