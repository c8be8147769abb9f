package dev.fare.examples.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class GpuCheckTest {

  @Test
  void everyPartRunsOnTheDefaultDevice(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("result.json");

    int status = new CommandLine(new GpuCheck()).execute("--small", "--json", file.toString());

    JsonObject result = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    assertThat(result.keySet())
        .contains("engine", "agreement with the CPU", "training", "fare-step-l14", "memory");
    result
        .entrySet()
        .forEach(part -> assertThat(part.getValue().toString()).doesNotContain("\"failed\""));
    assertThat(status).isZero();
    JsonObject agreement = found(result, "agreement with the CPU");
    assertThat(agreement.get("embedding, largest difference").getAsDouble()).isLessThan(1e-4);
    assertThat(agreement.get("PGD in L2, loss as a multiple of the CPU's").getAsDouble())
        .isBetween(0.99, 1.01);
    // bit-equal on a CPU; a GPU's backward passes have no fixed order
    assertThat(found(result, "training").get("resumed, largest difference").getAsDouble())
        .isLessThan(1e-3);
  }

  private static JsonObject found(JsonObject result, String part) {
    return result.getAsJsonObject(part).getAsJsonObject("found");
  }
}
