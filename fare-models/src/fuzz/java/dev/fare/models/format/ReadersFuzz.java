package dev.fare.models.format;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.fare.io.ModelFormatException;
import dev.fare.models.export.gguf.Mmproj;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * Feeds the readers what Jazzer invents. One target a run: {@code mvn -Pfuzz -pl fare-models -am
 * test -Dtest=ReadersFuzz#pickle -Dsurefire.failIfNoSpecifiedTests=false}.
 *
 * <p>Inputs that reach something new are kept beside the seeds in {@code src/fuzz/resources}, and
 * {@code HostileFilesTest} replays them all with every build. What breaks a reader becomes a file
 * of {@code src/test/resources/…/format/corpus} with a name that says what is wrong with it.
 */
class ReadersFuzz {

  private static final String DURATION = "60s";

  // One for all inputs: Jazzer calls a target many thousand times.
  private static Path directory;

  @BeforeAll
  static void makeDirectory() throws IOException {
    directory = Files.createTempDirectory("fuzz");
  }

  @AfterAll
  static void deleteDirectory() throws IOException {
    MoreFiles.deleteRecursively(directory, RecursiveDeleteOption.ALLOW_INSECURE);
  }

  @FuzzTest(maxDuration = DURATION)
  void pickle(byte[] bytes) throws IOException {
    HostileFiles.readPickle(bytes, directory);
  }

  @FuzzTest(maxDuration = DURATION)
  void anyWeightFile(byte[] bytes) throws IOException {
    HostileFiles.readWeights(bytes, directory);
  }

  @FuzzTest(maxDuration = DURATION)
  void gguf(byte[] bytes) throws IOException {
    Path file = Files.write(directory.resolve("mmproj.gguf"), bytes);
    try {
      Mmproj.read(file).tensors();
    } catch (ModelFormatException expected) {
      if (!expected.getMessage().contains(file.toString())) {
        throw new AssertionError("the message does not name the file", expected);
      }
    }
  }

  @FuzzTest(maxDuration = DURATION)
  void configuration(byte[] json) throws IOException {
    Path weights = Resources.path("hf_clip_quick_gelu").resolve("model.safetensors");
    HostileFiles.readConfiguration(json, "config.json", weights, directory);
  }
}
