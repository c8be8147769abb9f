package dev.fare.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Training in a Java process of its own, which ends without being asked. */
class KillTest {

  private static final int KILLS = Integer.getInteger("fare.test.kills", 3);
  private static final int STEPS = 60;

  @TempDir private Path temporary;

  /** What the child process runs. */
  static final class Child {

    private Child() {}

    public static void main(String[] arguments) {
      try (TanhEncoder encoder = TanhEncoder.seeded(1);
          FareTrainer trainer =
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

  private static FareTrainerBuilder builder(TanhEncoder encoder) {
    return Runs.builder(encoder).steps(STEPS).checkpointEvery(1).keepCheckpoints(2);
  }

  @Test
  void goesOnAfterEveryKillAndEndsWithTheSameWeights() throws Exception {
    Path directory = temporary.resolve("run");
    Random random = new Random(8);
    for (int kill = 0; kill < KILLS; kill++) {
      Process child = start(directory, List.of());
      awaitSteps(child, 3 + random.nextInt(10));
      Thread.sleep(random.nextInt(20)); // somewhere inside of a step or of a checkpoint
      child.destroyForcibly().waitFor();
    }

    try (TanhEncoder encoder = TanhEncoder.seeded(1);
        FareTrainer trainer = builder(encoder).checkpoints(directory).build()) {
      assertThat(trainer.step()).isPositive().isLessThan(STEPS);
      trainer.fit(Runs.IMAGES);
      assertThat(Runs.results(encoder, trainer)).isDeepEqualTo(undisturbed());
    }
  }

  private static float[][] undisturbed() {
    try (TanhEncoder encoder = TanhEncoder.seeded(1);
        FareTrainer trainer = builder(encoder).build()) {
      trainer.fit(Runs.IMAGES);
      return Runs.results(encoder, trainer);
    }
  }

  /** A process that may write no file beyond 1 kB stands for a disk that is full. */
  @Test
  @DisabledOnOs(OS.WINDOWS)
  void stopsWithTheErrorWhenTheDiskIsFullAndKeepsTheCheckpointBefore() throws Exception {
    Path directory = temporary.resolve("run");
    Process before = start(directory, List.of());
    awaitSteps(before, 3);
    before.destroyForcibly().waitFor();
    long newest = newestStep(directory);

    Process child = start(directory, List.of("bash", "-c", "ulimit -f 1; exec \"$@\"", "child"));
    List<String> lines = remainingLines(child);
    assertThat(child.waitFor(120, TimeUnit.SECONDS)).isTrue();

    assertThat(child.exitValue()).isEqualTo(1);
    assertThat(lines).contains("from " + newest);
    assertThat(lines.get(lines.size() - 1))
        .startsWith("failed the checkpoint of step " + (newest + 1) + " could not be written")
        .contains("the one before is intact");
    assertThat(newestStep(directory)).isEqualTo(newest);
  }

  private static long newestStep(Path directory) throws IOException {
    try (CheckpointDirectory opened = CheckpointDirectory.open(directory)) {
      return opened.newestGood(warning -> {}).orElseThrow().step();
    }
  }

  private Process start(Path directory, List<String> prefix) throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx256m");
    command.add("-XX:-UsePerfData");
    command.add("-Dai.djl.offline=true");
    command.add("-Dai.djl.pytorch.num_threads=1");
    command.add("-Dorg.slf4j.simpleLogger.defaultLogLevel=error");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Child.class.getName());
    command.add(directory.toString());
    Path errors = temporary.resolve("errors.txt");
    return new ProcessBuilder(command)
        .redirectError(ProcessBuilder.Redirect.appendTo(errors.toFile()))
        .start();
  }

  private void awaitSteps(Process child, int steps) throws IOException {
    BufferedReader reader = child.inputReader();
    int seen = 0;
    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
      seen += line.startsWith("step ") ? 1 : 0;
      if (seen == steps) {
        return;
      }
    }
    throw new IllegalStateException(
        "the child ended early: " + Files.readString(temporary.resolve("errors.txt")));
  }

  private static List<String> remainingLines(Process child) {
    try (Stream<String> lines = child.inputReader().lines()) {
      return lines.toList();
    }
  }
}
