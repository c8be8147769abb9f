package dev.fare.models.format;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.fare.io.FileSlice;
import dev.fare.io.ModelFormatException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * Feeds the readers what Jazzer invents. One target a run: {@code mvn -Pfuzz -pl fare-models -am test
 * -Dtest=ReadersFuzz#pickle -Dsurefire.failIfNoSpecifiedTests=false}.
 *
 * <p>What it finds goes to {@code src/test/resources/…/format/corpus}, where a test replays it.
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
    FileSlice storage = new FileSlice(directory, 0, bytes.length);
    try {
      BoundedInput input = new BoundedInput(new ByteArrayInputStream(bytes), bytes.length);
      RestrictedUnpickler.Pickle pickle = RestrictedUnpickler.load(input, "pickle");
      for (PickledTensor tensor : TorchTensors.find(pickle.root(), "pickle").values()) {
        tensor.over(storage, "tensor", "pickle");
      }
    } catch (ModelFormatException expected) {
      HostileFiles.checkMessage(expected);
    }
  }

  @FuzzTest(maxDuration = DURATION)
  void anyWeightFile(byte[] bytes) throws IOException {
    HostileFiles.readWeights(bytes, directory);
  }

  @FuzzTest(maxDuration = DURATION)
  void configuration(byte[] json) throws IOException {
    Path weights = Resources.path("hf_clip_quick_gelu").resolve("model.safetensors");
    HostileFiles.readConfiguration(json, "config.json", weights, directory);
  }
}
