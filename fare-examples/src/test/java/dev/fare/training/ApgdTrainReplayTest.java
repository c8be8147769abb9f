package dev.fare.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.fare.AttackResult;
import dev.fare.Norm;
import dev.fare.Objective;
import dev.fare.ThreatModel;
import dev.fare.attacks.ApgdAttack;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The original authors' APGD as an inner attack of training, on a tiny CLIP. */
class ApgdTrainReplayTest {

  private final Gson gson = new Gson();
  private Recording recorded;

  @BeforeEach
  void load() throws Exception {
    recorded = Recording.read("c_apgd_train.json", "c_apgd_train_tensors.safetensors");
  }

  @AfterEach
  void close() {
    recorded.close();
  }

  @Test
  void findsWhatTheOriginalFinds() throws Exception {
    for (JsonElement element : recorded.facts().getAsJsonArray("runs")) {
      replay(element.getAsJsonObject());
    }
  }

  private void replay(JsonObject run) throws Exception {
    String name = run.get("name").getAsString();
    double noise = run.getAsJsonObject("noise").get("max_rel_diff_loss_best").getAsDouble();
    List<float[]> losses = new ArrayList<>();
    ApgdAttack.Builder builder =
        ApgdAttack.builder(threatModel(run))
            .steps(run.get("n_iter").getAsInt())
            .initialSparsity(0.05)
            .randomStart(false)
            .listener(progress -> losses.add(progress.losses().toFloatArray()));
    if (!run.get("initial_stepsize").isJsonNull()) {
      builder.initialStepSize(run.get("initial_stepsize").getAsDouble());
    }
    try (TinyEncoder encoder =
        TinyEncoder.load("d_" + run.get("model").getAsString() + ".safetensors")) {
      NDArray x = recorded.tensor("x");

      AttackResult result = builder.build().perturb(objective(encoder, run), x);

      float[] first = gson.fromJson(run.getAsJsonArray("loss_steps").get(0), float[].class);
      assertThat(losses.get(0)).as(name).containsExactly(first, within(1e-3f));
      float[] best = gson.fromJson(run.get("loss_best"), float[].class);
      for (int i = 0; i < best.length; i++) {
        assertThat(result.losses().getFloat(i))
            .as(name + ", image " + i)
            .isCloseTo(best[i], within((float) (Math.abs(best[i]) * (1e-4 + 10 * noise))));
      }
      JsonObject names = run.getAsJsonObject("tensors");
      assertClose(result.highestLossImages(), names.get("x_best_internal"), name);
      assertClose(result.images(), names.get("returned"), name);
    }
  }

  private static ThreatModel threatModel(JsonObject run) {
    Norm norm = Norm.valueOf(run.get("norm").getAsString().toUpperCase(Locale.ROOT));
    return new ThreatModel(norm, run.get("eps").getAsDouble());
  }

  /**
   * The original's losses on embeddings of unit length, with its two peculiarities: what it takes
   * for the predicted class is the largest coordinate of the embedding, so that the label means
   * nothing; and it returns the last image that is wrong by that measure, not the best.
   */
  private Objective objective(TinyEncoder encoder, JsonObject run) {
    NDArray teacher = tensor(recorded.facts().getAsJsonObject("teacher_embedding_normalized"));
    NDArray columns = tensor(recorded.facts().getAsJsonObject("text_embedding_columns"));
    NDArray targets = recorded.manager().create(gson.fromJson(run.get("targets"), long[].class));
    boolean isCrossEntropy = run.get("loss").getAsString().equals("ce");
    return new Objective() {
      @Override
      public NDArray forward(NDArray pixels) {
        NDArray embedding = encoder.embed(pixels);
        return embedding.div(embedding.square().sum(new int[] {1}, true).sqrt());
      }

      @Override
      public NDArray losses(NDArray unit) {
        if (isCrossEntropy) {
          NDArray logits = unit.matMul(columns).mul(run.get("logit_scale").getAsFloat());
          return logits.logSoftmax(1).gather(targets.expandDims(1), 1).squeeze(1).neg();
        }
        return unit.sub(teacher).square().sum(new int[] {1});
      }

      @Override
      public NDArray succeeded(NDArray unit) {
        return unit.argMax(1).neq(targets);
      }
    };
  }

  /** Signs of vanishing gradients are rounding: a few pixels may differ. */
  private void assertClose(NDArray found, JsonElement tensorName, String run) throws IOException {
    float[] ours = found.toFloatArray();
    float[] theirs = recorded.tensor(tensorName.getAsString()).toFloatArray();
    int off = 0;
    for (int i = 0; i < ours.length; i++) {
      off += Math.abs(ours[i] - theirs[i]) > 1e-4 ? 1 : 0;
    }
    assertThat(off / (double) ours.length)
        .as(run + ": " + tensorName.getAsString())
        .isLessThan(0.02);
  }

  private NDArray tensor(JsonObject json) {
    long[] shape = gson.fromJson(json.get("shape"), long[].class);
    return recorded
        .manager()
        .create(gson.fromJson(json.get("data"), float[].class), new Shape(shape));
  }
}
