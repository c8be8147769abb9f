package dev.fare.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import com.google.gson.Gson;
import com.google.gson.JsonObject;
import dev.fare.ThreatModel;
import dev.fare.attacks.PgdAttack;
import dev.fare.io.LazyTensor;
import dev.fare.io.SafetensorsFile;
import dev.fare.training.optimizer.LearningRateSchedule;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Five steps of the original authors' training loop on a tiny CLIP, with their random starts. */
class FareStepReplayTest {

  private static final int STEPS = 5;

  private Recording recorded;
  private JsonObject run;
  private TinyEncoder encoder;

  @BeforeEach
  void load() throws Exception {
    recorded = Recording.read("d_fare_steps.json", "d_fare_tensors.safetensors");
    run = recorded.facts().getAsJsonArray("runs").get(0).getAsJsonObject();
    encoder = TinyEncoder.load("visual_tiny.safetensors");
  }

  @AfterEach
  void close() {
    encoder.close();
    recorded.close();
  }

  @Test
  void followsTheOriginalLoopStepByStep() throws Exception {
    StepResult[] results = new StepResult[STEPS];
    try (FareTrainer<?> trainer = trainer()) {
      for (int i = 0; i < STEPS; i++) {
        results[i] = trainer.step(recorded.tensor("batch" + i + ".x"));
        if (i == 0) {
          assertWeights("d_student_after_1.safetensors", 1e-5, 0.9999);
        }
      }
    }

    assertThat(losses(results)).containsExactly(numbers("loss_per_step"), within(1e-4));
    assertThat(cosines(results))
        .containsExactly(numbers("cos_sim_adv_to_orig_per_step"), within(1e-5));
    assertThat(cleanCosines(results))
        .containsExactly(numbers("cos_sim_clean_to_orig_per_step"), within(1e-5));
    assertWeights("d_student_after_5.safetensors", 1e-4, 0.999);
  }

  private FareTrainer<?> trainer() {
    JsonObject args = run.getAsJsonObject("args");
    PgdAttack pgd =
        PgdAttack.builder(ThreatModel.linf(args.get("eps").getAsDouble()))
            .steps(args.get("iterations_adv").getAsInt())
            .stepSize(args.get("stepsize_adv").getAsDouble())
            .build();
    return FareTrainer.builder(encoder)
        .attack(recorded.withRecordedStarts(pgd))
        .schedule(LearningRateSchedule.constant())
        .learningRate(run.get("lr").getAsDouble())
        .weightDecay(run.get("weight_decay").getAsDouble())
        .metricsEvery(1)
        .build();
  }

  /**
   * The key third of the attention's input bias has a gradient of zero up to rounding, which Adam
   * turns into steps of either sign: it is left out.
   */
  private void assertWeights(String file, double tolerance, double fraction) throws Exception {
    Map<String, LazyTensor> expected = SafetensorsFile.read(TinyEncoder.resource(file)).tensors();
    long close = 0;
    long all = 0;
    for (Map.Entry<String, NDArray> weight : encoder.parameters().entrySet()) {
      String name = weight.getKey().replaceFirst("^visual\\.", "");
      float[] actual = weight.getValue().toFloatArray();
      float[] wanted =
          Objects.requireNonNull(expected.get(name)).read(recorded.manager()).toFloatArray();
      for (int i = 0; i < actual.length; i++) {
        boolean isKeyBias = name.endsWith("in_proj_bias") && i >= 32 && i < 64;
        all += isKeyBias ? 0 : 1;
        close += !isKeyBias && Math.abs(actual[i] - wanted[i]) <= tolerance ? 1 : 0;
      }
    }
    assertThat(close / (double) all).as("weights within %s", tolerance).isGreaterThan(fraction);
  }

  private static double[] losses(StepResult[] results) {
    return Arrays.stream(results).mapToDouble(StepResult::loss).toArray();
  }

  private static double[] cosines(StepResult[] results) {
    return Arrays.stream(results).mapToDouble(StepResult::adversarialCosine).toArray();
  }

  private static double[] cleanCosines(StepResult[] results) {
    return Arrays.stream(results).mapToDouble(r -> r.cleanCosine().orElseThrow()).toArray();
  }

  private double[] numbers(String key) {
    return new Gson().fromJson(run.get(key), double[].class);
  }
}
