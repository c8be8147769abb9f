package dev.fare.models.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damaged tokenizers don't end the process that opens them. A longer search: {@code
 * -Dfare.fuzz.seconds=600 -Dfare.fuzz.first=1000000}.
 */
class TokenizerFuzzTest {

  private static final List<String> FILES =
      List.of(
          "families/clip.json",
          "families/llama.json",
          "families/llama3.json",
          "families/gpt-neox.json",
          "families/gemma.json",
          "families/metaspace.json");

  @TempDir private Path folder;

  @Test
  void noDamagedTokenizerEndsTheProcess() throws Exception {
    int seconds = Integer.getInteger("fare.fuzz.seconds", 3);
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                TokenizerFuzz.class.getName(),
                String.valueOf(seconds),
                System.getProperty("fare.fuzz.first", "0")));
    for (String name : FILES) {
      Path file = folder.resolve(name.replace('/', '-'));
      command.add(Files.write(file, TokenizerFileTest.resource(name)).toString());
    }
    Path errors = folder.resolve("errors.txt");
    Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor();
    try {
      watch.schedule(process::destroyForcibly, seconds + 60L, TimeUnit.SECONDS);
      String last = lastLine(process.inputReader());

      assertThat(process.waitFor()).as("mutant %s: %s", last, Files.readString(errors)).isZero();
      assertThat(Integer.parseInt(last.substring("opened ".length()))).isPositive();
    } finally {
      process.destroyForcibly();
      watch.shutdownNow();
    }
  }

  private static String lastLine(BufferedReader lines) throws IOException {
    String last = "";
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      last = line;
    }
    return last;
  }
}
