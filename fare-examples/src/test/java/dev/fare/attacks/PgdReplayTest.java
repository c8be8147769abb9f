package dev.fare.attacks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.fare.Norm;
import dev.fare.ThreatModel;
import dev.fare.io.LazyTensor;
import dev.fare.io.SafetensorsFile;
import dev.fare.training.TinyEncoder;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The original authors' inner attack on a tiny CLIP, from their random starts. */
class PgdReplayTest {

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private JsonArray runs;
  private Map<String, LazyTensor> recorded;
  private TinyEncoder encoder;

  @BeforeEach
  void load() throws Exception {
    String json = Files.readString(TinyEncoder.resource("b_pgd.json"), UTF_8);
    runs = JsonParser.parseString(json).getAsJsonObject().getAsJsonArray("runs");
    recorded = SafetensorsFile.read(TinyEncoder.resource("b_pgd_tensors.safetensors")).tensors();
    encoder = TinyEncoder.load("visual_tiny.safetensors");
  }

  @AfterEach
  void close() {
    encoder.close();
    manager.close();
  }

  @Test
  void endsWhereTheOriginalEnds() throws Exception {
    for (JsonElement element : runs) {
      JsonObject run = element.getAsJsonObject();
      JsonObject names = run.getAsJsonObject("tensors");

      NDArray start = tensor(names.get("initial_perturbation").getAsString());
      NDArray found = attack(run, run.get("iterations").getAsInt(), start);

      NDArray expected = tensor(names.get("final_perturbation").getAsString());
      assertThat(shareOff(found, expected)).as(run.get("name").getAsString()).isLessThan(0.005);
      assertThat((double) loss(found))
          .isCloseTo(run.get("loss_of_result").getAsDouble(), within(1e-3));
    }
  }

  @Test
  void takesTheOriginalsFirstSteps() throws Exception {
    for (JsonElement element : runs) {
      JsonObject run = element.getAsJsonObject();
      JsonObject names = run.getAsJsonObject("tensors");
      NDArray start = tensor(names.get("initial_perturbation").getAsString());
      for (int steps = 1; steps <= 2; steps++) {
        NDArray expected = tensor(names.get("perturbation_after_iteration_" + steps).getAsString());

        assertThat(shareOff(attack(run, steps, start), expected))
            .as(run.get("name").getAsString() + " after step " + steps)
            .isLessThan(0.002);
      }
    }
  }

  /** The perturbation after some steps. */
  private NDArray attack(JsonObject run, int steps, NDArray startPerturbation) throws Exception {
    Norm norm = Norm.valueOf(run.get("norm").getAsString().toUpperCase(Locale.ROOT));
    PgdAttack attack =
        PgdAttack.builder(new ThreatModel(norm, run.get("eps").getAsDouble()))
            .steps(steps)
            .stepSize(run.get("stepsize").getAsDouble())
            .momentum(run.get("momentum").getAsDouble())
            .build();
    NDArray x = tensor("x");
    return attack
        .perturb(Objectives.embeddingShift(encoder, x), x, x.add(startPerturbation))
        .images()
        .sub(x);
  }

  private float loss(NDArray perturbation) throws Exception {
    NDArray x = tensor("x");
    NDArray shift = encoder.embed(x.add(perturbation)).sub(encoder.embed(x));
    return shift.square().sum(new int[] {1}).mean().getFloat();
  }

  /** Signs of vanishing gradients are rounding: a few pixels may differ. */
  private static double shareOff(NDArray found, NDArray expected) {
    float[] ours = found.toFloatArray();
    float[] theirs = expected.toFloatArray();
    int off = 0;
    for (int i = 0; i < ours.length; i++) {
      off += Math.abs(ours[i] - theirs[i]) > 1e-4 ? 1 : 0;
    }
    return off / (double) ours.length;
  }

  private NDArray tensor(String name) throws IOException {
    return Objects.requireNonNull(recorded.get(name)).read(manager);
  }
}
