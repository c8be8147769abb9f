package dev.fare.torch;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EngineReportTest {

  @Test
  void saysWhereModelsGoAndWhatTheyRunOn() {
    EngineReport report = EngineReport.create();

    try (NDManager manager = NDManager.newBaseManager()) {
      assertThat(report.device()).isEqualTo(manager.getDevice());
    }
    assertThat(report.facts())
        .containsEntry("libtorch", Engine.getEngine("PyTorch").getVersion())
        .containsEntry("default device", report.device().toString());
    assertThat(Path.of(report.facts().get("libtorch's folder"))).isDirectory();
    assertThat(Integer.parseInt(report.facts().get("threads"))).isPositive();
  }

  /** Each of the three that a GPU needs, absent alone and together with others. */
  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "-,     -,    0, false, -",
        "-,     -,    0, true,  -",
        "580.1, 12.8, 2, true,  -",
        "580.1, -,    0, true,  jna.library.path",
        "580.1, -,    0, false, PYTORCH_LIBRARY_PATH",
        "580.1, 12.8, 0, true,  CUDA_VISIBLE_DEVICES",
        "580.1, 12.8, 1, false, PYTORCH_FLAVOR=cu128",
        "-,     12.8, 1, false, PYTORCH_FLAVOR=cu128"
      })
  void namesWhatIsMissing(
      String driver, String runtime, int gpus, boolean torch, String expectedInAdvice) {
    Optional<String> obstacle =
        new CudaSetup(Optional.ofNullable(driver), Optional.ofNullable(runtime), gpus, torch)
            .obstacle();

    if (expectedInAdvice == null) {
      assertThat(obstacle).isEmpty();
    } else {
      assertThat(obstacle.orElseThrow()).contains(expectedInAdvice);
    }
  }
}
