package dev.fare.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.fare.examples.emoji.EmojiData;
import dev.fare.examples.emoji.EmojiDataset;
import dev.fare.examples.quickstart.EmbeddedClip;
import dev.fare.examples.quickstart.SamplePictures;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The program in a process of its own, as a shell runs it. */
@DisabledOnOs(OS.WINDOWS)
class CtrlCTest {

  private static final int SIGINT_EXIT = 130;

  @TempDir private Path folder;

  private Process start(Path errors) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m",
            "-Dai.djl.offline=true",
            "-cp",
            System.getProperty("java.class.path"),
            Fare.class.getName(),
            "train",
            "--model",
            folder.resolve("clip").toString(),
            "--images",
            folder.resolve("images").toString(),
            "--output",
            folder.resolve("robust").toString(),
            "--steps",
            "100000",
            "--batch-size",
            "2",
            "--attack-steps",
            "1",
            "--threads",
            "1")
        .redirectError(errors.toFile())
        .start();
  }

  @Test
  void leavesACheckpointFromWhichTheSameCommandGoesOn() throws Exception {
    assumeThat(isInterruptIgnored()).as("a background job's processes ignore SIGINT").isFalse();
    EmbeddedClip.copyTo(folder.resolve("clip"));
    SamplePictures.write(EmojiDataset.testSetA(EmojiData.load(), 4), folder.resolve("images"));
    Path errors = folder.resolve("errors.txt");
    Process child = start(errors);
    awaitSteps(child, 3, errors);

    new ProcessBuilder("kill", "-INT", Long.toString(child.pid())).start().waitFor();

    assertThat(child.waitFor(2, TimeUnit.MINUTES)).isTrue();
    assertThat(child.exitValue()).isEqualTo(SIGINT_EXIT);
    List<String> metrics = Files.readAllLines(metrics());
    String last = metrics.get(metrics.size() - 1).split(",")[0];
    assertThat(Files.readString(errors))
        .contains("stopped after step " + last + " of 100000; the same command goes on from there");
    assertThat(folder.resolve("robust")).doesNotExist();
    try (Stream<Path> run = Files.list(folder.resolve("robust-run"))) {
      assertThat(run.map(path -> path.getFileName().toString()))
          .contains("step-%09d".formatted(Long.parseLong(last)));
    }

    Process again = start(errors);
    try (BufferedReader out = again.inputReader()) {
      assertThat(out.readLine()).isEqualTo("Going on after step " + last + " of 100000.");
    } finally {
      again.destroyForcibly().waitFor();
    }
  }

  /** What this process ignores its children ignore, and a JVM leaves it so. */
  private static boolean isInterruptIgnored() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return false;
    }
    String ignored =
        Files.readAllLines(status).stream()
            .filter(line -> line.startsWith("SigIgn:"))
            .findFirst()
            .orElse("SigIgn:0");
    long signals = Long.parseUnsignedLong(ignored.substring("SigIgn:".length()).strip(), 16);
    return (signals & 0b10) != 0; // SIGINT is number 2
  }

  private Path metrics() {
    return folder.resolve("robust-run/metrics.csv");
  }

  private void awaitSteps(Process child, int steps, Path errors) throws Exception {
    while (!Files.exists(metrics()) || Files.readAllLines(metrics()).size() <= steps) {
      if (!child.isAlive()) {
        throw new IllegalStateException("the child ended early: " + Files.readString(errors));
      }
      Thread.sleep(50);
    }
  }
}
