package dev.fare.attacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fare.Norm;
import dev.fare.ThreatModel;
import dev.fare.training.Recording;
import dev.fare.training.TinyEncoder;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The original authors' inner attack on a tiny CLIP, from their random starts. */
class PgdReplayTest {

  private Recording recorded;
  private TinyEncoder encoder;

  @BeforeEach
  void load() throws Exception {
    recorded = Recording.read("b_pgd.json", "b_pgd_tensors.safetensors");
    encoder = TinyEncoder.load("visual_tiny.safetensors");
  }

  @AfterEach
  void close() {
    encoder.close();
    recorded.close();
  }

  @Test
  void endsWhereTheOriginalEnds() throws Exception {
    for (JsonElement element : recorded.facts().getAsJsonArray("runs")) {
      JsonObject run = element.getAsJsonObject();
      JsonObject names = run.getAsJsonObject("tensors");

      NDArray start = recorded.tensor(names.get("initial_perturbation").getAsString());
      NDArray found = attack(run, run.get("iterations").getAsInt(), start);

      NDArray expected = recorded.tensor(names.get("final_perturbation").getAsString());
      assertThat(shareOff(found, expected)).as(run.get("name").getAsString()).isLessThan(0.005);
      assertThat((double) loss(found))
          .isCloseTo(run.get("loss_of_result").getAsDouble(), within(1e-3));
    }
  }

  @Test
  void takesTheOriginalsFirstSteps() throws Exception {
    for (JsonElement element : recorded.facts().getAsJsonArray("runs")) {
      JsonObject run = element.getAsJsonObject();
      JsonObject names = run.getAsJsonObject("tensors");
      NDArray start = recorded.tensor(names.get("initial_perturbation").getAsString());
      for (int steps = 1; steps <= 2; steps++) {
        NDArray expected =
            recorded.tensor(names.get("perturbation_after_iteration_" + steps).getAsString());

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
    NDArray x = recorded.tensor("x");
    return attack
        .perturb(Objectives.embeddingShift(encoder, x), x, x.add(startPerturbation))
        .images()
        .sub(x);
  }

  private float loss(NDArray perturbation) throws Exception {
    NDArray x = recorded.tensor("x");
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
}
